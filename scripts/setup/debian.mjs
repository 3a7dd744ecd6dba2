import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onPath, run } from "./command.mjs";

const keyrings = ["/usr/share/keyrings/debian-archive-keyring.gpg", "/usr/share/keyrings/debian-archive-keyring.pgp"];

/**
 * Programs out of Debian's newer packages, without touching the system: a private apt configuration (own lists, own cache, an
 * empty status file) that asks the mirror which the machine's own sources name, checked with Debian's keyring. The lists
 * (32 MB) are fetched once, when the first package is asked for.
 * @param {"newer" | "own"} [suites] the machine's own release instead, for what is linked to the machine's C library
 * @returns {(wanted: string, inside: string) => (tools: object) => Promise<string>} `wanted` as in "restic/sid", `inside` the program's path in the package
 */
export function openDebian(suites = "newer") {
  let apt;
  let last = Promise.resolve();
  return (wanted, inside) => (tools) => {
    apt ??= prepare(tools, suites);
    // One at a time: they share a cache.
    const next = last.then(() => apt).then((opened) => unpack(tools, opened, { wanted, inside }));
    last = next.catch(() => undefined);
    return next;
  };
}

async function unpack(tools, { env }, { wanted, inside }) {
  const folder = tools.scratch();
  const got = await run("apt-get", ["download", "-q", wanted], { env, cwd: folder, signal: tools.signal });
  if (!got.ok) throw new Error(got.why);
  const archive = readdirSync(folder).find((name) => name.endsWith(".deb"));
  if (archive === undefined) throw new Error(`apt-get brought no package ${wanted}`);
  const unpacked = await run("dpkg-deb", ["-x", archive, "out"], { cwd: folder, signal: tools.signal });
  if (!unpacked.ok) throw new Error(unpacked.why);
  const file = join(folder, "out", inside);
  if (!existsSync(file)) throw new Error(`no ${inside} in ${archive}`);
  return file;
}

async function prepare(tools, suites) {
  const keyring = keyrings.find((path) => existsSync(path));
  const missing = ["apt-get", "dpkg-deb"].find((name) => onPath(name).length === 0);
  const release = readRelease();
  if (release.ID !== "debian" || keyring === undefined || missing !== undefined) throw new Error("this is not Debian");
  const uri = await mirror(tools.signal, release.VERSION_CODENAME);
  const folder = tools.scratch();
  mkdirSync(join(folder, "lists/partial"), { recursive: true });
  mkdirSync(join(folder, "cache/archives/partial"), { recursive: true });
  writeFileSync(join(folder, "status"), "");
  const names = suites === "own" ? release.VERSION_CODENAME : "trixie sid";
  const source = ["Types: deb", `URIs: ${uri}`, `Suites: ${names}`, "Components: main", `Signed-By: ${keyring}`];
  writeFileSync(join(folder, "own.sources"), `${source.join("\n")}\n`);
  const settings = [
    ["Dir::Etc::SourceList", join(folder, "own.sources")],
    ["Dir::Etc::SourceParts", "/dev/null"],
    ["Dir::State::Lists", join(folder, "lists")],
    ["Dir::State::status", join(folder, "status")],
    ["Dir::Cache", join(folder, "cache")],
    ["Acquire::Languages", "none"],
    // As root, apt downloads as a user who may not see this folder.
    ["APT::Sandbox::User", "root"],
  ];
  writeFileSync(join(folder, "apt.conf"), settings.map(([name, value]) => `${name} "${value}";\n`).join(""));
  const env = { ...process.env, APT_CONFIG: join(folder, "apt.conf") };
  tools.say("Debian's package lists: fetching (32 MB)");
  const updated = await run("apt-get", ["update", "-q"], { env, signal: tools.signal, timeoutMs: 300_000 });
  if (!updated.ok) throw new Error(updated.why);
  return { env };
}

/** The mirror that the machine's own sources name for its own release. */
async function mirror(signal, codename) {
  const format = "$(REPO_URI) $(RELEASE) $(COMPONENT)";
  const listed = await run("apt-get", ["indextargets", "--format", format, "Created-By: Packages"], { signal });
  const rows = listed.output.split("\n").map((line) => line.split(" "));
  const uri = rows.find(([, suite, component]) => component === "main" && [codename, "stable"].includes(suite))?.[0];
  if (uri === undefined) throw new Error("apt's sources name no Debian mirror");
  return uri;
}

function readRelease() {
  if (!existsSync("/etc/os-release")) return {};
  const lines = readFileSync("/etc/os-release", "utf8").split("\n");
  return Object.fromEntries(lines.map((line) => line.replaceAll('"', "").split("=")));
}
