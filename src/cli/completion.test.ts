import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { commands } from "./commands.ts";
import { completionScript, isShell, shells } from "./completion.ts";
import { outline } from "./program.ts";

const outlines = await outline(commands);
const scripts = Object.fromEntries(shells.map((shell) => [shell, completionScript(shell, outlines)]));

test.each(shells)("%s knows every command and every option that help shows", (shell) => {
  const script = scripts[shell] ?? "";
  for (const { name, options } of outlines) {
    expect(script).toMatch(new RegExp(`\\b${name}\\b`));
    expect(options.length).toBeGreaterThan(4);
    for (const { long, short } of options) {
      expect(script).toContain(shell === "fish" ? `-l ${long.slice(2)} ` : long);
      if (short !== undefined) expect(script).toContain(shell === "fish" ? `-s ${short.slice(1)} ` : short);
    }
  }
});

test("options that help hides are not offered", () => {
  for (const script of Object.values(scripts)) expect(script).not.toMatch(/(?<!repo-)password-command/);
});

test("only known shells have a script", () => expect(["bash", "tcsh"].map(isShell)).toEqual([true, false]));

const hasShell = (shell: string) => spawnSync(shell, ["-c", "true"]).status === 0;

test.each(shells.filter(hasShell))("%s can read its script", async (shell) => {
  const folder = await mkdtemp(join(tmpdir(), "coldstream-completion-"));
  await writeFile(join(folder, "script"), scripts[shell] ?? "");
  const { status, stderr } = spawnSync(shell, ["-n", join(folder, "script")], { encoding: "utf8" });
  await rm(folder, { recursive: true });
  expect(stderr).toBe("");
  expect(status).toBe(0);
});

test.skipIf(!hasShell("bash")).each([
  [
    ["coldstream", ""],
    ["backup", "restore", "help", "--version"],
  ],
  [["coldstream", "ba"], ["backup"]],
  [["coldstream", "help", "ex"], ["exit"]],
  [["coldstream", "restore", "--on"], ["--on-conflict"]],
  [
    ["coldstream", "restore", "--on-conflict", ""],
    ["fail", "skip", "overwrite", "rename"],
  ],
  [
    ["coldstream", "backup", "-o", ""],
    ["text", "json"],
  ],
  [["coldstream", "completion", "f"], ["fish"]],
  [["coldstream", "get", "backups"], ["backupsessions"]],
  [["coldstream", "get", "-o", "y"], ["yaml"]],
  [["coldstream", "logs", "-f", "--ta"], ["--tail"]],
  [["coldstream", "backup", "--target", ""], []],
])("bash completes %j", (words, offered) => {
  const line = [
    scripts["bash"],
    `COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}`,
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's, not ours
    '_coldstream; printf "%s\\n" "${COMPREPLY[@]}"',
  ].join("\n");
  const { stdout, stderr } = spawnSync("bash", ["-c", line], { encoding: "utf8" });
  expect(stderr).toBe("");
  const replies = stdout.split("\n").filter(Boolean);
  if (words.at(-1) === "") expect(replies).toEqual(expect.arrayContaining(offered));
  else expect(replies).toEqual(offered);
  if (offered.length === 0) expect(replies).toEqual([]);
});
