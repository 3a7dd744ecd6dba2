import { chooseSnapshot } from "../choose-snapshot.ts";
import type { CommandContext, Outcome } from "../command.ts";
import type { ProveOptions } from "../commands/prove.ts";
import { loadProfile } from "../profile.ts";
import { findNatsServer, proofDocument, proofLines, proofOutcome, runProof } from "../proof.ts";
import { openNamedRepository } from "../repository-session.ts";
import { stagingFolder } from "../staging.ts";

export async function proveSnapshot(
  context: CommandContext,
  options: ProveOptions,
  [reference = "latest"]: readonly string[],
): Promise<Outcome> {
  const { printer, environment } = context;
  const profile = await loadProfile(context, options);
  await using repository = await openNamedRepository(context, options, profile);
  const directory = await stagingFolder(environment, { option: options.staging, profile: profile.staging });
  const program = await findNatsServer(context);
  const snapshot = await chooseSnapshot(repository, reference, { target: options.target }, context);
  const proof = await runProof(context, { repository, snapshot, program, directory });
  printer.done(...proofLines(proof));
  printer.document(proofDocument(proof));
  return proofOutcome(proof);
}
