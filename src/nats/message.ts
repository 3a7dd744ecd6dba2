/** One message as a stream stores it. All bytes are the server's own, unparsed. */
export interface StoredMessage {
  readonly sequence: bigint;
  /** Nanoseconds since 1970, the time the server stored it. */
  readonly timestamp: bigint;
  /** UTF-8, at most 65,535 bytes. */
  readonly subject: Uint8Array;
  /** The raw header block `NATS/1.0\r\n...\r\n\r\n`; empty when the message has none. */
  readonly header: Uint8Array;
  readonly payload: Uint8Array;
}
