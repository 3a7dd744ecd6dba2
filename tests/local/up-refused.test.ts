/** What `coldstream up` cannot do with what it was given, it says in a sentence and a hint, soon. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { launchUp } from "./up.ts";

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "coldstream-refused-"));
});
afterEach(async () => await rm(home, { recursive: true, force: true }));

test.each([
  [
    "a folder where there can be none",
    "/proc/no/such",
    [],
    /^coldstream: the data folder \/proc\/no\/such cannot be made: .*\n {2}.*--data DIR\n$/,
  ],
  [
    "a host that is none",
    undefined,
    ["--listen", "999.1.1.1:1"],
    /^coldstream: --listen: "999\.1\.1\.1:1" names no host\n {2}.*127\.0\.0\.1:7443\n$/,
  ],
  [
    "an address of another machine",
    undefined,
    ["--listen", "203.0.113.1:7443"],
    /^coldstream: listening on 203\.0\.113\.1:7443: .*\n {2}this machine does not have that address: .*--listen.*\n$/,
  ],
  [
    "a host of the Pushgateway that is none",
    undefined,
    ["--pushgateway-address", "1.2.3.4.5:1"],
    /^coldstream: --pushgateway-address: .* names no host\n/,
  ],
  [
    "a copy into the folder itself",
    undefined,
    ["--copy-to", "DATA/copy"],
    /^coldstream: .* lies in the data folder itself\n {2}.*elsewhere/,
  ],
])("%s", async (_title, data = home, args, said) => {
  const { status, output } = await launchUp(
    data,
    args.map((argument) => argument.replace("DATA", home)),
  ).ended;
  expect(output).toMatch(said);
  expect(status).toBe(2);
});
