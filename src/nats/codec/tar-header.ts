import { Failure } from "../../kit/failures.ts";

/** Tar is written in blocks of this many bytes. */
export const tarBlockBytes = 512;

export interface TarHeader {
  readonly name: string;
  /** `0` file, `5` folder, `x` PAX records and `L` GNU long name (both for the entry that follows). */
  readonly type: string;
  /** Of the content, in bytes, without padding. */
  readonly size: number;
}

/** What PAX records and GNU long names say about the entry that follows them. */
export interface TarExtension {
  readonly name?: string;
  readonly size?: number;
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function text(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new Failure("damaged", "tar: a name is not UTF-8", { cause });
  }
}

function textField(block: Uint8Array, at: number, length: number): string {
  const field = block.subarray(at, at + length);
  const end = field.indexOf(0);
  return text(end < 0 ? field : field.subarray(0, end));
}

/** A number field: octal digits, or base 256 when the top bit is set (GNU, for numbers that octal cannot hold). */
function numberField(block: Uint8Array, at: number, length: number): number {
  const first = block[at] ?? 0;
  if (first >= 0x80) {
    let value = first & 0x7f;
    for (let byte = 1; byte < length; byte++) value = value * 256 + (block[at + byte] ?? 0);
    return value;
  }
  const digits = textField(block, at, length).trim();
  if (!/^[0-7]*$/.test(digits)) throw new Failure("damaged", "tar: a number is not octal");
  return Number.parseInt(digits === "" ? "0" : digits, 8);
}

function checksum(block: Uint8Array): number {
  let sum = 8 * 0x20; // the checksum's own field counts as spaces
  for (let at = 0; at < tarBlockBytes; at++) if (at < 148 || at >= 156) sum += block[at] ?? 0;
  return sum;
}

/** Reads a header block (POSIX.1-2001 ustar, or GNU). Throws Failure("damaged"). */
export function readTarHeader(block: Uint8Array): TarHeader {
  if (numberField(block, 148, 8) !== checksum(block)) {
    throw new Failure("damaged", "tar: a header's checksum does not match its content");
  }
  const prefix = textField(block, 257, 6) === "ustar" ? textField(block, 345, 155) : "";
  const short = textField(block, 0, 100);
  const type = String.fromCharCode(block[156] ?? 0);
  return {
    name: prefix === "" ? short : `${prefix}/${short}`,
    type: type === "\0" ? "0" : type,
    size: numberField(block, 124, 12),
  };
}

/** A GNU long name: the content of an `L` entry. */
export function readLongName(bytes: Uint8Array): TarExtension {
  return { name: textField(bytes, 0, bytes.length) };
}

/** PAX records, `<length> <key>=<value>\n` each, where the length counts the whole record. Throws Failure("damaged"). */
export function readPax(bytes: Uint8Array): TarExtension {
  let extension: TarExtension = {};
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at);
    const digits = text(bytes.subarray(at, space < 0 ? at : space));
    const end = at + Number(digits);
    if (!/^[1-9]\d{0,8}$/.test(digits) || end > bytes.length || end <= space || bytes[end - 1] !== 0x0a) {
      throw new Failure("damaged", "tar: a PAX record is malformed");
    }
    extension = { ...extension, ...paxField(bytes.subarray(space + 1, end - 1)) };
    at = end;
  }
  return extension;
}

function paxField(field: Uint8Array): TarExtension {
  const equals = field.indexOf(0x3d);
  if (equals < 0) throw new Failure("damaged", "tar: a PAX record is malformed");
  const key = text(field.subarray(0, equals));
  if (key.startsWith("GNU.sparse.")) throw new Failure("damaged", "tar: sparse files are not read");
  if (key !== "path" && key !== "size") return {};
  const value = text(field.subarray(equals + 1));
  if (key === "path") return { name: value };
  if (!/^\d+$/.test(value)) throw new Failure("damaged", "tar: a PAX size is not a number");
  return { size: Number(value) };
}

/** Writes a ustar header block. `name`: at most 100 bytes, ASCII. */
export function writeTarHeader({ name, type, size }: TarHeader, mtimeSeconds: number): Uint8Array {
  const block = Buffer.alloc(tarBlockBytes);
  const octal = (value: number, at: number, digits: number) =>
    block.write(value.toString(8).padStart(digits, "0"), at, "latin1");
  block.write(name, 0, 100, "latin1");
  octal(0o600, 100, 7);
  octal(0, 108, 7);
  octal(0, 116, 7);
  octal(size, 124, 11);
  octal(Math.max(0, Math.floor(mtimeSeconds)), 136, 11);
  block.write(type, 156, "latin1");
  block.write("ustar\x0000", 257, "latin1");
  block.write("nats", 265, "latin1");
  block.write("nats", 297, "latin1");
  octal(checksum(block), 148, 6);
  block[155] = 0x20;
  return block;
}

/** A PAX record, `<length> <key>=<value>\n`. */
export function writePax(key: "path" | "size", value: string): Uint8Array {
  const rest = Buffer.from(` ${key}=${value}\n`);
  let length = rest.length;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}
