;; CRC-32 of bytes in this memory, faster than zlib's without an instruction of the processor for it.
;;
;; 0x0000  16 tables of 256 numbers: table k has what a byte adds that k others follow
;; 0x4400  the bytes, 16 KiB at most
;; 0x8600  a note of what was cleared of them (see $fold)
(module
  (memory (export "memory") 1 1)

  ;; Continues $crc, all bits turned, with the bytes from $at to $end.
  (func (export "crc") (param $crc i32) (param $at i32) (param $end i32) (result i32)
    (local $rest i32)
    (if (i32.ge_u (i32.sub (local.get $end) (local.get $at)) (i32.const 384))
      (then
        (local.set $rest (i32.sub (local.get $end) (i32.const 288)))
        (i32.store (local.get $at) (i32.xor (i32.load (local.get $at)) (local.get $crc)))
        (local.set $crc (i32.const 0))
        ;; Zeros in front do not count now: as many as make the length a multiple of 16.
        (v128.store (i32.sub (local.get $at) (i32.const 16)) (v128.const i64x2 0 0))
        (call $fold
          (i32.sub (local.get $at) (i32.and (i32.sub (local.get $at) (local.get $end)) (i32.const 15)))
          (local.get $rest))
        (local.set $at (local.get $rest))))
    (call $table (local.get $crc) (local.get $at) (local.get $end)))

  ;; A CRC does not change when a multiple of its polynomial is added to the message. This multiple has few terms, and
  ;; whole bytes between them:
  ;;
  ;;   x^(8*274) + x^(8*(274-181)) + x^(8*(274-199)) + x^(8*(274-255)) + x^(8*(274-263)) + 1
  ;;
  ;; So a byte can be cleared when it is added (xor) to the bytes that come 181, 199, 255, 263 and 274 after it, and of
  ;; a long message 288 bytes are left. No tables and no shifts are needed, only loads from where it happens to
  ;; be; and as all distances are long, 16 bytes go at once and have reached the cache when they are read again.
  ;;
  ;; What a byte was when it was cleared (the quotient of the division by the multiple) is kept 0x4200 above it. In front
  ;; of the first one there is never anything but zeros.
  ;;
  ;; Clears the bytes from $at to $rest, whose number is a multiple of 16. What they add to the 288 from $rest on, which
  ;; are the last, is in these then.
  (func $fold (param $at i32) (param $rest i32)
    (local $end i32)
    (loop $clear
      (v128.store offset=0x4200 (local.get $at)
        (v128.xor (v128.xor (v128.xor (v128.xor (v128.xor
          (v128.load (local.get $at))
          (v128.load offset=0x414b (local.get $at)))  ;; 0x4200 - 181
          (v128.load offset=0x4139 (local.get $at)))  ;; 0x4200 - 199
          (v128.load offset=0x4101 (local.get $at)))  ;; 0x4200 - 255
          (v128.load offset=0x40f9 (local.get $at)))  ;; 0x4200 - 263
          (v128.load offset=0x40ee (local.get $at)))) ;; 0x4200 - 274
      (local.set $at (i32.add (local.get $at) (i32.const 16)))
      (br_if $clear (i32.lt_u (local.get $at) (local.get $rest))))

    ;; The rest is not cleared: zeros, as far as the next loop reads.
    (local.set $end (i32.add (local.get $rest) (i32.const 128)))
    (loop $blank
      (v128.store offset=0x4200 (local.get $at) (v128.const i64x2 0 0))
      (local.set $at (i32.add (local.get $at) (i32.const 16)))
      (br_if $blank (i32.lt_u (local.get $at) (local.get $end))))

    ;; The same sums; a function for them would be called each time by older versions of V8, which costs more than they do.
    (local.set $at (local.get $rest))
    (local.set $end (i32.add (local.get $rest) (i32.const 288)))
    (loop $add
      (v128.store (local.get $at)
        (v128.xor (v128.xor (v128.xor (v128.xor (v128.xor
          (v128.load (local.get $at))
          (v128.load offset=0x414b (local.get $at)))
          (v128.load offset=0x4139 (local.get $at)))
          (v128.load offset=0x4101 (local.get $at)))
          (v128.load offset=0x40f9 (local.get $at)))
          (v128.load offset=0x40ee (local.get $at))))
      (local.set $at (i32.add (local.get $at) (i32.const 16)))
      (br_if $add (i32.lt_u (local.get $at) (local.get $end)))))

  ;; 16 bytes a step. Those of $low, for which the step before has to end, are added last.
  (func $table (param $crc i32) (param $at i32) (param $end i32) (result i32)
    (local $low i64)
    (local $high i64)
    (block $short
      (loop $step
        (br_if $short (i32.lt_u (i32.sub (local.get $end) (local.get $at)) (i32.const 16)))
        (local.set $low (i64.xor (i64.extend_i32_u (local.get $crc)) (i64.load (local.get $at))))
        (local.set $high (i64.load offset=8 (local.get $at)))
        (local.set $crc
          (i32.xor (i32.xor (i32.xor (i32.xor (i32.xor (i32.xor (i32.xor (i32.xor (i32.xor (i32.xor (i32.xor (i32.xor (i32.xor (i32.xor (i32.xor
          (i32.load offset=7168 (i32.and (i32.wrap_i64 (i64.shl (local.get $high) (i64.const 2))) (i32.const 1020)))
          (i32.load offset=6144 (i32.and (i32.wrap_i64 (i64.shr_u (local.get $high) (i64.const 6))) (i32.const 1020))))
          (i32.load offset=5120 (i32.and (i32.wrap_i64 (i64.shr_u (local.get $high) (i64.const 14))) (i32.const 1020))))
          (i32.load offset=4096 (i32.and (i32.wrap_i64 (i64.shr_u (local.get $high) (i64.const 22))) (i32.const 1020))))
          (i32.load offset=3072 (i32.and (i32.wrap_i64 (i64.shr_u (local.get $high) (i64.const 30))) (i32.const 1020))))
          (i32.load offset=2048 (i32.and (i32.wrap_i64 (i64.shr_u (local.get $high) (i64.const 38))) (i32.const 1020))))
          (i32.load offset=1024 (i32.and (i32.wrap_i64 (i64.shr_u (local.get $high) (i64.const 46))) (i32.const 1020))))
          (i32.load offset=0 (i32.and (i32.wrap_i64 (i64.shr_u (local.get $high) (i64.const 54))) (i32.const 1020))))
          (i32.load offset=8192 (i32.and (i32.wrap_i64 (i64.shr_u (local.get $low) (i64.const 54))) (i32.const 1020))))
          (i32.load offset=9216 (i32.and (i32.wrap_i64 (i64.shr_u (local.get $low) (i64.const 46))) (i32.const 1020))))
          (i32.load offset=10240 (i32.and (i32.wrap_i64 (i64.shr_u (local.get $low) (i64.const 38))) (i32.const 1020))))
          (i32.load offset=11264 (i32.and (i32.wrap_i64 (i64.shr_u (local.get $low) (i64.const 30))) (i32.const 1020))))
          (i32.load offset=12288 (i32.and (i32.wrap_i64 (i64.shr_u (local.get $low) (i64.const 22))) (i32.const 1020))))
          (i32.load offset=13312 (i32.and (i32.wrap_i64 (i64.shr_u (local.get $low) (i64.const 14))) (i32.const 1020))))
          (i32.load offset=14336 (i32.and (i32.wrap_i64 (i64.shr_u (local.get $low) (i64.const 6))) (i32.const 1020))))
          (i32.load offset=15360 (i32.and (i32.wrap_i64 (i64.shl (local.get $low) (i64.const 2))) (i32.const 1020)))))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (br $step)))
    (block $done
      (loop $byte
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $crc
          (i32.xor
            (i32.shr_u (local.get $crc) (i32.const 8))
            (i32.load (i32.shl
              (i32.and (i32.xor (local.get $crc) (i32.load8_u (local.get $at))) (i32.const 255))
              (i32.const 2)))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $byte)))
    (local.get $crc)))
