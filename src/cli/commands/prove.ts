import { chooseSnapshot } from "../choose-snapshot.ts";
import { defineCommand } from "../command.ts";
import { text } from "../option.ts";
import { repositoryOptions } from "../options/repository.ts";
import { targetOption } from "../options/target.ts";
import { loadProfile } from "../profile.ts";
import { findNatsServer, proofLines, proofOutcome, runProof } from "../proof.ts";
import { openNamedRepository } from "../repository-session.ts";
import { stagingFolder } from "../staging.ts";

export const proveCommand = defineCommand({
  name: "prove",
  description:
    "Starts a scratch nats-server on this machine, restores a snapshot into it, reads every message back and compares " +
    "digests, counts and consumers. The evidence is kept in the repository; list it with: coldstream proofs",
  operands: [{ name: "SNAPSHOT", help: "id or its beginning, or latest (the default)" }],
  options: {
    staging: text("--staging <dir>", "folder for the scratch server (COLDSTREAM_STAGING; default: TMPDIR)", {
      complete: "folder",
    }),
    target: targetOption("look for latest among the snapshots of this target"),
    ...repositoryOptions,
  },
  examples: [
    { line: "coldstream prove", what: "the latest snapshot" },
    { line: "coldstream prove 1a2b3c4d --staging /mnt/large", what: "an older one, with room for its streams" },
  ],
  async run(context, options, [reference = "latest"]) {
    const { printer, environment } = context;
    const profile = await loadProfile(context, options);
    const repository = await openNamedRepository(context, options, profile);
    const directory = await stagingFolder(environment, { option: options.staging, profile: profile.staging });
    const program = await findNatsServer(context);
    const snapshot = await chooseSnapshot(repository, reference, { target: options.target }, context);
    const proof = await runProof(context, { repository, snapshot, program, directory });
    printer.done(...proofLines(proof));
    printer.document(proof);
    return proofOutcome(proof);
  },
});
