import { AckPolicy, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { Kvm } from "@nats-io/kv";
import { Objm } from "@nats-io/obj";
import { headers, type NatsConnection } from "@nats-io/transport-node";

/** For an answer of the server: a slow machine is not a broken one. */
export const patient = { timeout: 60_000 };
export const keyCount = 500;
const messagesPerStream = 2000;
const objects = { "manual.txt": 40_000, "photo.bin": 700_000 };

export const streamNames = ["ORDERS", "PAYMENTS", "EVENTS"] as const;

/** Three streams with consumers that stand at different places, a KV bucket and an object store. */
export async function fill(connection: NatsConnection): Promise<void> {
  const manager = await jetstreamManager(connection, patient);
  const client = jetstream(connection, patient);
  for (const name of streamNames) {
    const subject = name.toLowerCase();
    await manager.streams.add({ name, subjects: [`${subject}.>`], allow_direct: true });
    for (let number = 1; number <= messagesPerStream; number++) {
      const about = headers();
      about.set("Trace", `${subject}-${number}`);
      connection.publish(`${subject}.${number % 7}`, JSON.stringify({ number, subject }), { headers: about });
    }
    await connection.flush();
    await manager.consumers.add(name, { durable_name: `${subject}-worker`, ack_policy: AckPolicy.Explicit });
    await manager.consumers.add(name, {
      durable_name: `${subject}-audit`,
      ack_policy: AckPolicy.Explicit,
      filter_subject: `${subject}.3`,
    });
    await work(client, name, `${subject}-worker`);
    await manager.streams.deleteMessage(name, 17);
  }
  const bucket = await new Kvm(client).create("settings", { history: 1 });
  for (let number = 0; number < keyCount; number++) await bucket.put(`key.${number}`, `${number}:0`);
  const store = await new Objm(client).create("files");
  for (const [name, size] of Object.entries(objects)) await store.putBlob({ name }, objectBytes(name, size));
}

/** Takes a hundred messages and acknowledges most of them, so that something is in flight during the backup. */
async function work(client: ReturnType<typeof jetstream>, stream: string, name: string): Promise<void> {
  const consumer = await client.consumers.get(stream, name);
  const batch = await consumer.fetch({ max_messages: 100, expires: 2000 });
  const acknowledged: Promise<boolean>[] = [];
  let taken = 0;
  for await (const message of batch) {
    taken++;
    if (taken % 10 !== 0) acknowledged.push(message.ackAck({ timeout: patient.timeout }));
  }
  // where the consumer stands is compared with where it stood
  await Promise.all(acknowledged);
}

function objectBytes(name: string, size: number): Buffer {
  return Buffer.alloc(size, name);
}

/** Which objects are not what `fill` put. */
export async function wrongObjects(connection: NatsConnection): Promise<string[]> {
  const store = await new Objm(jetstream(connection, patient)).open("files");
  const wrong: string[] = [];
  for (const [name, size] of Object.entries(objects)) {
    const bytes = await store.getBlob(name);
    if (bytes === null || !objectBytes(name, size).equals(bytes)) wrong.push(name);
  }
  return wrong;
}

/** Updates keys of the bucket one after another until told to stop; remembers the newest value of each. */
export async function keepWriting(connection: NatsConnection, signal: AbortSignal): Promise<number> {
  const bucket = await new Kvm(jetstream(connection, patient)).open("settings");
  let updates = 0;
  while (!signal.aborted) {
    const puts: Promise<number>[] = [];
    for (let number = 0; number < 50; number++) {
      updates++;
      const key = updates % keyCount;
      puts.push(bucket.put(`key.${key}`, `${key}:${updates}`));
    }
    await Promise.all(puts);
  }
  return updates;
}

/** Keys of the bucket that are missing or hold a value that was never written. */
export async function wrongKeys(connection: NatsConnection, updates: number): Promise<string[]> {
  const bucket = await new Kvm(jetstream(connection, patient)).open("settings");
  const wrong: string[] = [];
  for (let number = 0; number < keyCount; number++) {
    const entry = await bucket.get(`key.${number}`);
    const [key, update] = (entry?.string() ?? "").split(":").map(Number);
    const isWritten = update === 0 || (update !== undefined && update <= updates && update % keyCount === number);
    if (key !== number || !isWritten) wrong.push(`key.${number}`);
  }
  return wrong;
}
