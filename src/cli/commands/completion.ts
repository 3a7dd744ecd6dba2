import { Failure } from "../../kit/failures.ts";
import { defineCommand } from "../command.ts";
import { commands } from "../commands.ts";
import { completionScript, isShell, shells } from "../completion.ts";
import { outline } from "../program.ts";

export const completionCommand = defineCommand({
  name: "completion",
  description: "Prints a completion script. Load it once per shell, or put it where your shell looks for completions.",
  operands: [{ name: "SHELL", help: shells.join(", "), required: true, words: shells }],
  options: {},
  examples: [
    { line: 'eval "$(coldstream completion bash)"', what: "in ~/.bashrc" },
    { line: 'eval "$(coldstream completion zsh)"', what: "in ~/.zshrc, after compinit" },
    {
      line: "coldstream completion fish > ~/.config/fish/completions/coldstream.fish",
      what: "fish finds it there",
    },
  ],
  async run({ printer }, _options, [shell = ""]) {
    if (!isShell(shell)) {
      throw new Failure("usage", `no completion for the shell ${JSON.stringify(shell)}`, {
        hint: `there is one for: ${shells.join(", ")}`,
      });
    }
    const script = completionScript(shell, await outline(commands));
    printer.lines(script);
    printer.document({ shell, script });
  },
});
