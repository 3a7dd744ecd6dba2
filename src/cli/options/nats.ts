import { parseDuration } from "../../kit/quantities.ts";
import { parsed, text, toggle, underHeading, type Values } from "../option.ts";

/** How to reach NATS; names as in the nats CLI, whose variables count too (nats-settings.ts). */
export const natsOptions = underHeading("NATS:", {
  server: text("-s, --server <url>", "server, or several with commas (NATS_URL; default nats://127.0.0.1:4222)"),
  context: text("--context <name>", "context of the nats CLI (NATS_CONTEXT; else the selected one)"),
  creds: text("--creds <file>", "credentials file of a user (NATS_CREDS)", { complete: "file" }),
  user: text("--user <name>", "user name (NATS_USER); without a password it is a token"),
  password: text("--password <text>", "password; others can see it, so better NATS_PASSWORD"),
  token: text("--token <text>", "token; others can see it, so better NATS_TOKEN"),
  nkey: text("--nkey <file>", "file with the seed of an nkey (NATS_NKEY)", { complete: "file" }),
  tlscert: text("--tlscert <file>", "client certificate, PEM (NATS_CERT)", { complete: "file" }),
  tlskey: text("--tlskey <file>", "its private key, PEM (NATS_KEY)", { complete: "file" }),
  tlsca: text("--tlsca <file>", "authorities to trust, PEM (NATS_CA)", { complete: "file" }),
  tlsfirst: toggle("--tlsfirst", "TLS before the server's greeting"),
  jsDomain: text("--js-domain <name>", "JetStream domain"),
  jsApiPrefix: text("--js-api-prefix <subject>", "subject of an imported JetStream API"),
  inboxPrefix: text("--inbox-prefix <subject>", "prefix of inboxes, where permissions ask for it"),
  timeout: parsed("--timeout <duration>", "how long to wait for one answer (NATS_TIMEOUT; default 5s)", parseDuration),
  profile: text("--profile <name>", "settings from ~/.config/coldstream/<name>.yaml (COLDSTREAM_PROFILE)"),
});
export type NatsOptions = Values<typeof natsOptions>;
