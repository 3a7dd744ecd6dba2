import type { CommandOutline, OptionOutline } from "./program.ts";

export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

export function isShell(text: string): text is Shell {
  return shells.some((shell) => shell === text);
}

/** A script that completes commands, their options, and the values of options that name a file or a word. */
export function completionScript(shell: Shell, commands: readonly CommandOutline[]): string {
  switch (shell) {
    case "bash":
      return bashScript(commands);
    case "zsh":
      return zshScript(commands);
    case "fish":
      return fishScript(commands);
    default:
      throw new Error(`unknown shell ${shell satisfies never}`);
  }
}

function bashScript(commands: readonly CommandOutline[]): string {
  const names = [...commands.map(({ name }) => name), "help"].join(" ");
  const wordCases = commands.map(
    ({ name, options }) => `    ${name}) words="${options.flatMap(spellings).join(" ")}" ;;`,
  );
  return `# bash completion for coldstream
_coldstream() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} command="" words="" at
  COMPREPLY=()
  for ((at = 1; at < COMP_CWORD; at++)); do
    case \${COMP_WORDS[at]} in
      ${names.replaceAll(" ", "|")}) command=\${COMP_WORDS[at]}; break ;;
    esac
  done
  case $command:$previous in
${bashValues(commands).join("\n")}
  esac
  case $command in
    "") words="${names} --help --version" ;;
    help) words="${names} exit" ;;
${wordCases.join("\n")}
  esac
${bashOperands(commands).join("\n")}
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _coldstream coldstream`;
}

/** `command:option`; a star where all commands that have the option mean the same by it. */
function bashValues(commands: readonly CommandOutline[]): string[] {
  const meanings = new Map<string, { readonly command: string; readonly reply: string | undefined }[]>();
  for (const { name, options } of commands) {
    for (const option of options) {
      const reply = option.takesValue ? `${bashReply(option)}return` : undefined;
      for (const spelling of spellings(option)) {
        meanings.set(spelling, [...(meanings.get(spelling) ?? []), { command: name, reply }]);
      }
    }
  }
  return [...meanings].flatMap(([spelling, uses]) => bashCases(spelling, uses));
}

function bashCases(
  spelling: string,
  uses: readonly { readonly command: string; readonly reply: string | undefined }[],
): string[] {
  const isSame = uses.every(({ reply }) => reply === uses[0]?.reply);
  return (isSame ? uses.slice(0, 1) : uses).flatMap(({ command, reply }) =>
    reply === undefined ? [] : [`    ${isSame ? "*" : command}:${spelling}) ${reply} ;;`],
  );
}

function bashReply({ choices, complete }: OptionOutline): string {
  if (choices.length > 0) return `COMPREPLY=($(compgen -W "${choices.join(" ")}" -- "$current")); `;
  if (complete === undefined) return "";
  return `compopt -o filenames; COMPREPLY=($(compgen -${complete === "file" ? "f" : "d"} -- "$current")); `;
}

function bashOperands(commands: readonly CommandOutline[]): string[] {
  return commands.flatMap(({ name, words }) =>
    words.length === 0 ? [] : [`  if [[ $command == ${name} && $current != -* ]]; then words="${words.join(" ")}"; fi`],
  );
}

function zshScript(commands: readonly CommandOutline[]): string {
  const names = [...commands, { name: "help", summary: "help for a command, or: help exit" }]
    .map(({ name, summary }) => `    ${quoted(`${name}:${summary.replaceAll(":", "\\:")}`)}`)
    .join("\n");
  const cases = commands.map(({ name, options, operands, words: offered }) => {
    const specs = options.map((option) => `        ${zshSpec(option)}`);
    const first = offered.length === 0 ? [] : [`        '1:word:(${offered.join(" ")})'`];
    const words = operands.length > first.length ? [...first, "        '*:'"] : first;
    return `      ${name})\n        _arguments -s ${["\\", ...[...specs, ...words].map((spec) => `${spec} \\`)].join("\n").replace(/ \\$/, "")} ;;`;
  });
  return `#compdef coldstream
_coldstream() {
  local context state line
  local -a commands
  commands=(
${names}
  )
  _arguments -C '1:command:->command' '*::argument:->argument'
  case $state in
    command) _describe command commands ;;
    argument)
      case $words[1] in
      help) _describe topic commands ;;
${cases.join("\n")}
      esac ;;
  esac
}
if [ "$funcstack[1]" = "_coldstream" ]; then _coldstream "$@"; else compdef _coldstream coldstream; fi`;
}

function zshSpec(option: OptionOutline): string {
  const help = option.help.replaceAll(/[[\]:\\]/g, (character) => `\\${character}`);
  const value = option.takesValue ? `:value:${zshAction(option)}` : "";
  const text = `[${help}]${value}`;
  if (option.short === undefined) return quoted(`${option.long}${text}`);
  return `'(${option.short} ${option.long})'{${option.short},${option.long}}${quoted(text)}`;
}

function zshAction({ choices, complete }: OptionOutline): string {
  if (choices.length > 0) return `(${choices.join(" ")})`;
  if (complete === undefined) return " ";
  return complete === "file" ? "_files" : "_files -/";
}

function fishScript(commands: readonly CommandOutline[]): string {
  const noCommand = "-n __fish_use_subcommand";
  const lines = ["# fish completion for coldstream", "complete -c coldstream -f"];
  lines.push(`complete -c coldstream ${noCommand} -l version -s V -d 'print the version'`);
  for (const { name, summary } of commands) {
    lines.push(`complete -c coldstream ${noCommand} -a ${name} -d ${quoted(summary)}`);
  }
  lines.push(`complete -c coldstream ${noCommand} -a help -d 'help for a command, or: help exit'`);
  const topics = [...commands.map(({ name }) => name), "exit"].join(" ");
  lines.push(`complete -c coldstream -n '__fish_seen_subcommand_from help' -a ${quoted(topics)}`);
  for (const { name, options, words } of commands) {
    if (words.length > 0) {
      lines.push(`complete -c coldstream -n '__fish_seen_subcommand_from ${name}' -a ${quoted(words.join(" "))}`);
    }
    for (const option of options) {
      lines.push(`complete -c coldstream -n '__fish_seen_subcommand_from ${name}' ${fishOption(option)}`);
    }
  }
  return lines.join("\n");
}

function fishOption({ long, short, help, takesValue, choices, complete }: OptionOutline): string {
  const parts = [`-l ${long.slice(2)}`];
  if (short !== undefined) parts.push(`-s ${short.slice(1)}`);
  if (takesValue) parts.push(complete === undefined ? "-x" : "-rF");
  if (choices.length > 0) parts.push(`-a ${quoted(choices.join(" "))}`);
  return [...parts, `-d ${quoted(help)}`].join(" ");
}

function spellings({ long, short }: OptionOutline): string[] {
  return short === undefined ? [long] : [short, long];
}

/** In single quotes for a shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
