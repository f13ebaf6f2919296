import { utf8Slice } from '../../common/buffer-text.js';
import { HeaderFields, isName, type RemotingHeader } from './header-fields.js';
import { knownLanguage } from './language-code.js';

const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const LOWER_U = 0x75;
const OPEN = 0x7b;
const CLOSE = 0x7d;
/** What may follow a backslash, besides `u`. */
const ESCAPES = new Set(Buffer.from('"\\/bfnrt'));
/** 1 for each byte that stands for itself in a string. */
const IS_PLAIN = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte < 0x20 || byte === QUOTE || byte === BACKSLASH ? 0 : 1,
);
/** More digits may leave the safe integers. */
const MAX_DIGITS = 15;
const INT_MAX = 2 ** 31 - 1;

const Name = {
  CODE: Buffer.from('code'),
  EXT_FIELDS: Buffer.from('extFields'),
  FLAG: Buffer.from('flag'),
  LANGUAGE: Buffer.from('language'),
  OPAQUE: Buffer.from('opaque'),
  REMARK: Buffer.from('remark'),
  SERIALIZE_TYPE: Buffer.from('serializeTypeCurrentRPC'),
  VERSION: Buffer.from('version'),
};

const JAVA = Buffer.from('JAVA');
const TRUE = Buffer.from('true');
const FALSE = Buffer.from('false');
const NULL = Buffer.from('null');

/**
 * Reads a JSON header in one pass over its bytes, several times as fast as a parser and without an object for every
 * field. It knows the form that RocketMQ's clients and servers write, compact and with known members only, and gives
 * up on any other.
 */
export class JsonHeaderScanner {
  private code: number | undefined;
  private language = 'JAVA';
  private version = 0;
  private opaque = 0;
  private flag = 0;
  private remark: string | undefined;
  private readonly fields: HeaderFields;
  private position: number;
  /** Bounds of the string that was read last, and whether it has escapes. */
  private textStart = 0;
  private textEnd = 0;
  private isEscaped = false;

  constructor(
    private readonly buffer: Buffer,
    start: number,
    private readonly end: number,
  ) {
    this.position = start;
    this.fields = new HeaderFields(buffer);
  }

  /** Returns undefined when the header has another form, or is none. */
  read(): RemotingHeader | undefined {
    if (!this.members() || this.position !== this.end || this.code === undefined) return undefined;
    const { code, language, version, opaque, flag, remark, fields } = this;
    return { code, language, version, opaque, flag, remark, fields };
  }

  private members(): boolean {
    if (!this.take(OPEN)) return false;
    if (this.take(CLOSE)) return true;
    do {
      if (!this.name() || !this.member()) return false;
    } while (this.take(COMMA));
    return this.take(CLOSE);
  }

  /** The value of a member of the header, whose name was read last. The lengths of the names tell them apart. */
  private member(): boolean {
    switch (this.textEnd - this.textStart) {
      case 4:
        return this.isNamed(Name.CODE)
          ? this.integerInto('code')
          : this.isNamed(Name.FLAG) && this.integerInto('flag');
      case 6:
        return this.isNamed(Name.OPAQUE)
          ? this.integerInto('opaque')
          : this.isNamed(Name.REMARK) && this.readRemark();
      case 7:
        return this.isNamed(Name.VERSION) && this.integerInto('version');
      case 8:
        return this.isNamed(Name.LANGUAGE) && this.readLanguage();
      case 9:
        return this.isNamed(Name.EXT_FIELDS) && this.extFields();
      default:
        return this.isNamed(Name.SERIALIZE_TYPE) && this.string();
    }
  }

  private isNamed(name: Buffer): boolean {
    return isName(this.buffer, this.textStart, this.textEnd, name);
  }

  private readRemark(): boolean {
    if (!this.string()) return false;
    this.remark = this.textEnd > this.textStart ? this.text() : undefined;
    return true;
  }

  private readLanguage(): boolean {
    if (!this.string()) return false;
    this.language = this.isNamed(JAVA) ? 'JAVA' : knownLanguage(this.text());
    return true;
  }

  private extFields(): boolean {
    this.fields.clear();
    if (!this.take(OPEN)) return false;
    if (this.take(CLOSE)) return true;
    do {
      if (this.plainField()) continue;
      if (!this.name() || !this.field(this.textStart, this.textEnd)) return false;
    } while (this.take(COMMA));
    return this.take(CLOSE);
  }

  /** A field whose value is a string without escapes, as most are. False where there is another. */
  private plainField(): boolean {
    const { buffer, end } = this;
    const nameStart = this.position + 1;
    const nameEnd = this.plainEnd(nameStart);
    const valueStart = nameEnd + 3;
    if (buffer[nameStart - 1] !== QUOTE || buffer[nameEnd] !== QUOTE) return false;
    if (buffer[nameEnd + 1] !== COLON || buffer[nameEnd + 2] !== QUOTE) return false;
    const valueEnd = this.plainEnd(valueStart);
    if (valueEnd >= end || buffer[valueEnd] !== QUOTE) return false;
    this.fields.add(nameStart, nameEnd, valueStart, valueEnd, false);
    this.position = valueEnd + 1;
    return true;
  }

  /** Where something stands, from `start` on, that does not stand for itself in a string. */
  private plainEnd(start: number): number {
    const { buffer, end } = this;
    let position = start;
    while (position < end && IS_PLAIN[buffer[position]!] === 1) position++;
    return position;
  }

  /** The value of a field: a string, or a number or boolean that becomes one. */
  private field(nameStart: number, nameEnd: number): boolean {
    if (this.buffer[this.position] === QUOTE) {
      if (!this.string()) return false;
      this.fields.add(nameStart, nameEnd, this.textStart, this.textEnd, this.isEscaped);
      return true;
    }
    if (this.word(NULL)) return true;
    const start = this.position;
    if (!this.word(TRUE) && !this.word(FALSE) && Number.isNaN(this.integer())) return false;
    this.fields.add(nameStart, nameEnd, start, this.position, false);
    return true;
  }

  private name(): boolean {
    return this.string() && !this.isEscaped && this.take(COLON);
  }

  private string(): boolean {
    const { buffer, end } = this;
    if (!this.take(QUOTE)) return false;
    this.textStart = this.position;
    this.isEscaped = false;
    let position = this.position;
    for (;;) {
      while (position < end && IS_PLAIN[buffer[position]!] === 1) position++;
      if (position >= end || buffer[position]! < 0x20) return false;
      if (buffer[position] === QUOTE) break;
      this.isEscaped = true;
      position++;
      if (buffer[position] === LOWER_U && this.isHex(position + 1)) position += 4;
      else if (!ESCAPES.has(buffer[position]!)) return false;
      position++;
    }
    this.textEnd = position;
    this.position = position + 1;
    return true;
  }

  private isHex(position: number): boolean {
    for (let i = position; i < position + 4; i++) {
      const byte = this.buffer[i]! | 0x20;
      const isDigit = this.buffer[i]! >= ZERO && this.buffer[i]! <= NINE;
      if (!isDigit && (byte < 0x61 || byte > 0x66)) return false;
    }
    return true;
  }

  private text(): string {
    const text = utf8Slice(this.buffer, this.textStart, this.textEnd);
    return this.isEscaped ? (JSON.parse(`"${text}"`) as string) : text;
  }

  /** Reads a 32-bit integer. */
  private integerInto(property: 'code' | 'flag' | 'opaque' | 'version'): boolean {
    const value = this.integer();
    if (!(value <= INT_MAX && value >= -INT_MAX - 1)) return false;
    this[property] = value;
    return true;
  }

  /** Reads an integer in the form that JSON has for it; NaN when there is another value. */
  private integer(): number {
    const { buffer } = this;
    const isNegative = buffer[this.position] === MINUS;
    const first = isNegative ? this.position + 1 : this.position;
    let position = first;
    let value = 0;
    for (; position < this.end; position++) {
      const digit = buffer[position]! - ZERO;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    const count = position - first;
    const hasLeadingZero = buffer[first] === ZERO && (count > 1 || isNegative);
    if (count === 0 || count > MAX_DIGITS || hasLeadingZero) return NaN;
    this.position = position;
    return isNegative ? -value : value;
  }

  private word(word: Buffer): boolean {
    const { buffer, position } = this;
    if (buffer[position] !== word[0]) return false;
    for (let i = 1; i < word.length; i++) if (buffer[position + i] !== word[i]) return false;
    this.position += word.length;
    return true;
  }

  private take(byte: number): boolean {
    if (this.position >= this.end || this.buffer[this.position] !== byte) return false;
    this.position++;
    return true;
  }
}
