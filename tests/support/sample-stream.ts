import { connect as connectSocket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { type Connection, connect } from "../../src/nats/connection.ts";
import { type JetStream, openJetStream } from "../../src/nats/jetstream.ts";
import { streamInfo } from "../../src/nats/streams.ts";
import type { TestServer } from "./nats-server.ts";

/** A stream S (subjects `s.>` and `odd.>`) on a test server, and a connection to it. */
export interface SampleStream extends AsyncDisposable {
  readonly connection: Connection;
  readonly js: JetStream;
}

export async function openSampleStream(server: TestServer, settings: object = {}): Promise<SampleStream> {
  const connection = await connect({ servers: [server.url] });
  const js = openJetStream(connection);
  const stream = { name: "S", subjects: ["s.>", "odd.>"], allow_direct: true, ...settings };
  await js.request("STREAM.CREATE.S", stream, { schema: z.looseObject({}) });
  return { connection, js, [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose]() };
}

/** Publishes and waits until all is stored. */
export async function publishAll(
  connection: Connection,
  subjects: readonly string[],
  payload = Buffer.from("x"),
): Promise<void> {
  const js = openJetStream(connection);
  const before = (await streamInfo(js, "S")).state.last_seq;
  for (const [at, subject] of subjects.entries()) {
    connection.publish(subject, payload);
    if (at % 1000 === 999) await connection.flush();
  }
  await connection.flush();
  while ((await streamInfo(js, "S")).state.last_seq < before + BigInt(subjects.length)) await sleep(5);
}

/** `s.0`, `s.1`, ... */
export function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `s.${at}`);
}

/** Publishes protocol text as it is: no client library writes such headers. */
export async function publishRaw(
  port: number,
  messages: readonly (readonly [subject: string, header: string, payload: Buffer])[],
) {
  const socket = connectSocket(port, "127.0.0.1");
  const parts: Uint8Array[] = [Buffer.from('CONNECT {"verbose":false,"headers":true}\r\n')];
  for (const [subject, header, payload] of messages) {
    const block = Buffer.from(header, "latin1");
    const sizes = header === "" ? `${payload.length}` : `${block.length} ${block.length + payload.length}`;
    parts.push(
      Buffer.from(`${header === "" ? "" : "H"}PUB ${subject} ${sizes}\r\n`, "latin1"),
      block,
      payload,
      Buffer.from("\r\n"),
    );
  }
  socket.write(Buffer.concat([...parts, Buffer.from("PING\r\n")]));
  await new Promise<void>((resolve) => socket.on("data", (bytes) => bytes.includes("PONG") && resolve()));
  socket.destroy();
}
