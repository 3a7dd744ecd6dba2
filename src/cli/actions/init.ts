import type { CommandContext } from "../command.ts";
import type { InitOptions } from "../commands/init.ts";
import { loadProfile } from "../profile.ts";
import { openNamedRepository } from "../repository-session.ts";
import { formatFields } from "../table.ts";
import { visible } from "../visible.ts";

export async function makeRepository(context: CommandContext, options: InitOptions): Promise<undefined> {
  const { printer, signal } = context;
  await using repository = await openNamedRepository(context, options, await loadProfile(context, options));
  const { id } = await repository.initialize({ signal });
  printer.done(
    ...formatFields([
      ["repository", visible(repository.url)],
      ["id", id],
    ]),
  );
  printer.document({ repository: repository.url, id });
}
