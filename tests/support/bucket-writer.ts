/**
 * Runs as a process of its own: updates the keys of a bucket in turn, at a steady rate, until it is told to end.
 * Arguments: server URL, number of keys, updates a second. Update number u goes to key u % keys, its value is u.
 */
import { connect } from "@nats-io/transport-node";

const [url = "", keys = "1", rate = "1"] = process.argv.slice(2);
const connection = await connect({ servers: url });
const started = performance.now();
let updates = 0;
let isEnded = false;
process.once("disconnect", () => {
  isEnded = true;
});
process.send?.("started");
while (!isEnded) {
  const due = Math.floor(((performance.now() - started) / 1000) * Number(rate));
  for (; updates < due; updates++) connection.publish(`$KV.live.key${updates % Number(keys)}`, String(updates));
  await new Promise((resolve) => setTimeout(resolve, 2));
}
await connection.drain();
