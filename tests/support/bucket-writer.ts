/**
 * Runs as a process of its own: updates the keys of a bucket in turn, at a steady rate or as fast as the server stores
 * them, until it is told to end. Arguments: server URL, number of keys, updates a second. Update number u goes to key
 * u % keys, its value is u.
 */
import { connect } from "@nats-io/transport-node";

/** Updates under way at most: a server drops what it is given when some thousand wait to be stored. */
const mostUnstored = 1000;

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
  for (let left = Math.min(due - updates, mostUnstored); left > 0; left--, updates++) {
    const subject = `$KV.live.key${updates % Number(keys)}`;
    if (left > 1) connection.publish(subject, String(updates));
    // is answered when it is stored, and all before it is
    else await connection.request(subject, String(updates), { timeout: 60_000 });
  }
  await new Promise((resolve) => setTimeout(resolve, 2));
}
await connection.close();
