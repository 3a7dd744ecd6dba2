import { commands } from "../../src/cli/commands.ts";
import { parse } from "../../src/cli/program.ts";

const introduction = `# Commands

What \`coldstream help COMMAND\` prints. Exit statuses: [exit-statuses.md](../exit-statuses.md).
`;

/** docs/reference/cli.md. */
export async function commandsPage(): Promise<string> {
  const texts = await Promise.all(
    commands.map(async ({ name }) => `## ${name}\n\n\`\`\`text\n${await helpOf(name)}\n\`\`\`\n`),
  );
  return [introduction, ...texts].join("\n");
}

async function helpOf(name: string): Promise<string> {
  const parsed = await parse([name, "--help"], { commands, version: "", columns: 100 });
  if (parsed.kind !== "help") throw new Error(`no help for ${name}`);
  return parsed.text.trimEnd();
}
