import { createSocket } from "node:dgram";
import { readFileSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { createInterface } from "node:readline";

/**
 * The first process of a whole node's namespaces; when it ends, all that runs there ends. It lets the test's connections in
 * (a socket file lies in no network), gives the API server the address that pods know, and answers their DNS.
 */
export interface InsideSettings {
  /** Where the API server's Service is. */
  readonly service: { readonly host: string; readonly port: number };
  readonly dns: string;
  /** JSON: names -> addresses, read at every question. */
  readonly names: string;
}

/** A line of standard input. */
export type Order =
  | { readonly listen: string; readonly host: string; readonly port: number }
  | { readonly api: number };

const settings = JSON.parse(process.argv[2] ?? "{}") as InsideSettings;

function relay(port: number, host = "127.0.0.1"): Server {
  return createServer((from) => {
    const to = connect({ host, port });
    from.pipe(to).pipe(from);
    for (const [one, other] of [
      [from, to],
      [to, from],
    ] as const) {
      one.on("error", () => other.destroy());
      one.on("close", () => other.destroy());
    }
  });
}

const dns = createSocket("udp4");
dns.on("message", (question, { address, port }) => dns.send(answerTo(question), port, address));
dns.bind(53, settings.dns);

function answerTo(question: Buffer): Buffer {
  const labels: string[] = [];
  let at = 12;
  for (let length = question[at] ?? 0; length > 0; length = question[at] ?? 0) {
    labels.push(question.toString("latin1", at + 1, at + 1 + length).toLowerCase());
    at += length + 1;
  }
  const end = at + 5;
  const names = JSON.parse(readFileSync(settings.names, "utf8")) as Record<string, string>;
  const address = names[labels.join(".")];
  const isFound = address !== undefined && question.readUInt16BE(at + 1) === 1;
  const head = Buffer.from(question.subarray(0, 12));
  head.writeUInt16BE(address === undefined ? 0x8583 : 0x8580, 2);
  head.writeUInt16BE(isFound ? 1 : 0, 6);
  head.writeUInt32BE(0, 8);
  const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, ...(address ?? "").split(".").map(Number)]);
  return Buffer.concat([head, question.subarray(12, end), ...(isFound ? [record] : [])]);
}

createInterface({ input: process.stdin }).on("line", (line) => {
  const order = JSON.parse(line) as Order;
  if ("api" in order) relay(order.api).listen(settings.service.port, settings.service.host, done);
  else relay(order.port, order.host).listen(order.listen, done);
});
const done = () => process.stdout.write("done\n");
// whoever started this is gone
process.stdin.on("end", () => process.exit(0));
done();
