#!/usr/bin/env bash
# Regenerates the vectors beside this directory from a real Apache RocketMQ 5.3.3.
#
#   generate.sh [JARS [OUT [PART...]]]
#
# JARS  directory with rocketmq-{namesrv,broker,tools,client}-5.3.3.jar and all they depend on (default: $RMQ_JARS)
# OUT   where to write (default: the parent of this script's directory)
# PART  any of values allocations compression zstd namespaces clean crashed config records frames signatures (default: all; records reads the archives of clean and crashed)
#
# Needs Java 17, GNU tar and the free loopback ports 19876, 19877, 20909, 20911, 20912 and 21911.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
jars=${1:-${RMQ_JARS:?give the directory of the Apache RocketMQ jars}}
out=${2:-$(dirname "$here")}
parts=${*:3}
parts=${parts:-values allocations compression zstd namespaces clean crashed config records frames signatures}
name_server=127.0.0.1:19876

mkdir -p "$out"
jars=$(cd "$jars" && pwd) out=$(cd "$out" && pwd) work=$(mktemp -d)
export ROCKETMQ_HOME=$work/home
java=(java --add-opens=java.base/{java.lang,java.util,java.nio,sun.nio.ch}=ALL-UNNAMED --add-exports=java.base/jdk.internal.ref=ALL-UNNAMED
  -Xmx512m -Dfile.encoding=UTF-8 -Duser.timezone=UTC "-Duser.home=$work/home" "-Djava.io.tmpdir=$work" "-Drocketmq.client.localOffsetStoreDir=$work/offsets"
  -cp "$work/classes:$jars/*")
declare -A server

run() { "${java[@]}" Run "$@"; } # PROGRAM ARG...
launch() { # NAME CLASS ARG...
  "${java[@]}" "${@:2}" > "$work/$1.out" 2>&1 &
  server[$1]=$!
}
wait_for() { # NAME TEXT
  for _ in $(seq 1800); do
    grep -qs "$2" "$work/$1.out" && return
    kill -0 "${server[$1]}" 2>/dev/null || break
    sleep 0.1
  done
  echo "$1 did not say '$2':" >&2; tail -20 "$work/$1.out" >&2; exit 1
}
stop() { # NAME [SIGNAL]
  [ -n "${server[$1]:-}" ] || return 0
  kill "-${2:-TERM}" "${server[$1]}" 2>/dev/null || true
  wait "${server[$1]}" 2>/dev/null || true
  unset "server[$1]"
}
start_cluster() { # STORE PROPERTY...
  printf 'bindAddress=127.0.0.1\nlistenPort=%s\n' "${name_server#*:}" > "$work/namesrv.properties"
  { cat "$here/store.properties"; printf '%s\n' "${@:2}"; } > "$work/store.properties"
  { cat "$work/store.properties"; echo "storePathRootDir=$1"; } > "$work/broker.properties"
  launch namesrv org.apache.rocketmq.namesrv.NamesrvStartup -c "$work/namesrv.properties"
  wait_for namesrv 'boot success'
  launch broker org.apache.rocketmq.broker.BrokerStartup -c "$work/broker.properties"
  wait_for broker 'boot success'
}
stop_cluster() { stop broker "${1:-TERM}"; stop namesrv; }
cleanup() { for name in "${!server[@]}"; do stop "$name"; done; rm -rf "$work"; }
trap cleanup EXIT

values() { run JavaValues "$work" "$out/java.json"; }

allocations() { run Allocations "$out/allocations.json"; }

signatures() { run Signatures "$out/signatures.json"; }

compression() { run Compression "$out/compression.json"; }

zstd() { run ZstdFrames "$out/zstd.json"; }

namespaces() { run Namespaces "$out/namespaces.json"; }

clean() {
  start_cluster "$work/clean" enabledAppendPropCRC=false
  run StoreTraffic $name_server > "$work/traffic.out"
  stop_cluster
  keep_store clean
}

crashed() {
  start_cluster "$work/crashed" enabledAppendPropCRC=true
  launch traffic Run StoreTraffic $name_server burst
  wait_for traffic done
  sleep 0.3
  stop_cluster KILL
  stop traffic KILL
  keep_store crashed
}

keep_store() { # NAME
  mkdir -p "$out/apache-store"
  # every tar reader knows ustar, which cannot name a long directory by itself: files only
  (cd "$work/$1" && find . -type f | LC_ALL=C sort | tar --format=ustar --owner=0 --group=0 --numeric-owner -T - -c) |
    gzip -9n > "$out/apache-store/$1.tar.gz"
  cp -r "$work/$1" "$work/$1-opened"
  run StoreManifest "$work/$1" "$work/$1-opened" "$work/store.properties" "$out/apache-store/$1.json"
}

config() {
  local store=$work/config
  start_cluster "$store" transactionCheckInterval=3000 timerWheelEnable=true # POP needs the timer wheel
  launch traffic Run ConfigTraffic $name_server 127.0.0.1:20911
  wait_for traffic done
  mkdir -p "$out/config"
  cp "$store"/config/{topics,subscriptionGroup,consumerOffset,delayOffset,consumerFilter,consumerOrderInfo,messageRequestMode}.json "$out/config"
  cp "$store/config/transactionMetrics" "$store/abort" "$store/lock" "$out/config"
  find "$work/offsets" -path '*/group-broadcast/offsets.json' -exec cp {} "$out/config" \;
  stop_cluster
  stop traffic
  run Checkpoint "$store/checkpoint" "$out/config/checkpoint.json"
}

records() {
  for name in clean crashed; do
    mkdir -p "$work/records/$name"
    tar -C "$work/records/$name" -xzf "$out/apache-store/$name.tar.gz"
  done
  run Records "$work/records" "$here/store.properties" "$out/records.json"
}

# Every process writes its headers in its own serialize type.
frames() {
  local type plain=("${java[@]}")
  for type in JSON ROCKETMQ; do
    java=("${plain[0]}" "-Drocketmq.serialize.type=$type" "${plain[@]:1}")
    start_cluster "$work/frames-$type"
    run Frames "$out/frames/${type,,}.json" > "$work/frames.out"
    stop_cluster
  done
  java=("${plain[@]}")
}

javac -encoding UTF-8 -cp "$jars/*" -d "$work/classes" "$here"/*.java
for part in $parts; do
  echo "$part"
  $part
done
