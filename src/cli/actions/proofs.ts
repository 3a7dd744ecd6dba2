import { formatCount, formatDuration, formatTime } from "../../kit/quantities.ts";
import { listProofs } from "../../vault/prove.ts";
import type { CommandContext } from "../command.ts";
import type { ProofsOptions } from "../commands/proofs.ts";
import { loadProfile } from "../profile.ts";
import { proofDocument } from "../proof.ts";
import { openNamedRepository } from "../repository-session.ts";
import { formatTable } from "../table.ts";
import { visible } from "../visible.ts";

export async function showProofs(context: CommandContext, options: ProofsOptions): Promise<undefined> {
  const { printer } = context;
  await using repository = await openNamedRepository(context, options, await loadProfile(context, options));
  const proofs = await listProofs(repository, context);
  const rows = proofs.map(({ proof, time, snapshot, proven, streams, serverVersion, durationMs }) => [
    proof.slice(0, 8),
    formatTime(time),
    snapshot.slice(0, 8),
    proven ? "proven" : "not proven",
    formatCount(streams.length),
    formatCount(streams.reduce((sum, { messages }) => sum + messages, 0n)),
    visible(serverVersion),
    formatDuration(durationMs),
  ]);
  const columns = [
    { title: "PROOF" },
    { title: "TIME" },
    { title: "SNAPSHOT" },
    { title: "RESULT" },
    { title: "STREAMS", align: "right" },
    { title: "MESSAGES", align: "right" },
    { title: "SERVER" },
    { title: "TOOK", align: "right" },
  ] as const;
  if (proofs.length === 0) printer.lines("there are no proofs; make one with: coldstream prove");
  else printer.lines(...formatTable(columns, rows));
  printer.document({ repository: repository.url, proofs: proofs.map(proofDocument) });
}
