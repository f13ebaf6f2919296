import { utf8Slice } from '../../common/buffer-text.js';
import { int32At } from '../../common/int64.js';
import { RemotingCodecError } from '../../errors/remoting-codec.error.js';
import { HeaderFields, type RemotingHeader } from './header-fields.js';
import { languageName } from './language-code.js';

/** Where the parts of a binary header lie; the text of the remark follows, and then the fields. */
export const BinaryHeaderLayout = {
  CODE: 0,
  LANGUAGE: 2,
  VERSION: 3,
  OPAQUE: 5,
  FLAG: 9,
  REMARK_LENGTH: 13,
  REMARK: 17,
} as const;

/** Bytes of a binary header without a remark and fields. */
export const MIN_BINARY_HEADER_SIZE = BinaryHeaderLayout.REMARK + 4;

/** Bytes of the lengths of a name and a value. */
const FIELD_OVERHEAD = 6;

/**
 * Reads a header in RocketMQ's binary form (RocketMQSerializable#rocketMQProtocolDecode).
 *
 * @throws RemotingCodecError when its lengths do not add up.
 */
export function readBinaryHeader(buffer: Buffer, start: number, end: number): RemotingHeader {
  if (end - start < MIN_BINARY_HEADER_SIZE) {
    throw new RemotingCodecError(`A binary header of ${end - start} bytes`);
  }
  const remarkStart = start + BinaryHeaderLayout.REMARK;
  const remarkEnd = remarkStart + int32At(buffer, start + BinaryHeaderLayout.REMARK_LENGTH);
  if (remarkEnd < remarkStart || remarkEnd > end - 4) {
    throw new RemotingCodecError('The remark of a header leaves the header');
  }
  return {
    code: int32At(buffer, start + BinaryHeaderLayout.CODE) >> 16,
    language: languageName(buffer[start + BinaryHeaderLayout.LANGUAGE]!),
    version: int32At(buffer, start + BinaryHeaderLayout.VERSION) >> 16,
    opaque: int32At(buffer, start + BinaryHeaderLayout.OPAQUE),
    flag: int32At(buffer, start + BinaryHeaderLayout.FLAG),
    remark: remarkEnd > remarkStart ? utf8Slice(buffer, remarkStart, remarkEnd) : undefined,
    fields: readFields(buffer, remarkEnd, end),
  };
}

function readFields(buffer: Buffer, lengthPosition: number, headerEnd: number): HeaderFields {
  const start = lengthPosition + 4;
  const end = start + int32At(buffer, lengthPosition);
  if (end < start || end > headerEnd) throw new RemotingCodecError('The fields of a header leave the header');
  const fields = new HeaderFields(buffer);
  for (let position = start; position < end;) {
    position = readField(fields, buffer, position, end);
  }
  return fields;
}

/** Returns where the next field begins. */
function readField(fields: HeaderFields, buffer: Buffer, start: number, end: number): number {
  if (end - start < FIELD_OVERHEAD) throw new RemotingCodecError('The last field of a header is cut off');
  const nameStart = start + 2;
  const nameEnd = nameStart + (int32At(buffer, start) >> 16);
  if (nameEnd < nameStart || nameEnd > end - 4) {
    throw new RemotingCodecError('The name of a header field leaves the header');
  }
  const valueStart = nameEnd + 4;
  const valueEnd = valueStart + int32At(buffer, nameEnd);
  if (valueEnd < valueStart || valueEnd > end) {
    throw new RemotingCodecError('The value of a header field leaves the header');
  }
  fields.add(nameStart, nameEnd, valueStart, valueEnd, false);
  return valueEnd;
}
