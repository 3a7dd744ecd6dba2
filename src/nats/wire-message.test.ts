import { connect as libraryConnect } from "@nats-io/transport-node";
import { expect, test } from "vitest";
import { startNatsServer } from "../../tests/support/nats-server.ts";
import { type WireMessage, wireMessage } from "./wire-message.ts";

/** Sends protocol text as it is, which no client library does. */
async function publishRaw(port: number, text: string): Promise<void> {
  const { connect } = await import("node:net");
  const socket = connect(port, "127.0.0.1");
  const connected = 'CONNECT {"verbose":false,"headers":true}\r\n';
  socket.write(Buffer.from(`${connected}${text}PING\r\n`, "latin1"));
  await new Promise<void>((resolve) => socket.on("data", (bytes) => bytes.includes("PONG") && resolve()));
  socket.destroy();
}

/** Fails when an update of the library keeps its messages in another way. */
test("the library's messages give their raw bytes", async () => {
  await using server = await startNatsServer();
  const library = await libraryConnect({ servers: server.url });
  const seen: WireMessage[] = [];
  library.subscribe(">", { callback: (_error, message) => void seen.push(wireMessage(message)) });
  await library.flush();
  const header = "NATS/1.0\r\nkey:value\r\nKey:  two \r\nk\xc3\xa9y: \xff\r\n\r\n";
  const status = "NATS/1.0 503 No One\r\n\r\n";
  await publishRaw(
    server.port,
    `PUB plain 2\r\nhi\r\nPUB r\xc3\xa9 answer 0\r\n\r\nHPUB odd ${header.length} ${header.length + 3}\r\n${header}abc\r\n` +
      `HPUB status ${status.length} ${status.length}\r\n${status}\r\n`,
  );
  await library.flush();
  await library.close();
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1");
  expect(
    seen.map((one) => [
      one.subject,
      text(one.subjectBytes),
      one.reply,
      text(one.header),
      one.status,
      text(one.payload),
    ]),
  ).toEqual([
    ["plain", "plain", undefined, "", undefined, "hi"],
    ["ré", "r\xc3\xa9", "answer", "", undefined, ""],
    ["odd", "odd", undefined, header, undefined, "abc"],
    ["status", "status", undefined, status, { code: 503, description: "No One" }, ""],
  ]);
});

test.each([undefined, {}, { _rdata: new Uint8Array(0), _msg: {} }])("%j is not taken for a message", (value) => {
  expect(() => wireMessage(value)).toThrow(/unknown form/);
});
