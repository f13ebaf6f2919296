/** A frame without its length field, with a JSON header as it is given. */
export function jsonFrame(header: string | object, body = ''): Buffer {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const mark = Buffer.alloc(4);
  mark.writeUInt32BE(text.length);
  return Buffer.concat([mark, text, Buffer.from(body)]);
}
