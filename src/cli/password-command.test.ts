import { expect, test } from "vitest";
import { Failure } from "../kit/failures.ts";
import { environmentOf } from "./environment.ts";
import { readPasswordFrom, splitWords } from "./password-command.ts";

test.each([
  ["pass show nats/backup", ["pass", "show", "nats/backup"]],
  ["  cat   file  ", ["cat", "file"]],
  [`sh -c 'echo "a b"'`, ["sh", "-c", 'echo "a b"']],
  [`x "a \\"b\\" c"d`, ["x", 'a "b" cd']],
  ["x a\\ b", ["x", "a b"]],
  [`x ''`, ["x", ""]],
])("%s", (command, words) => expect(splitWords(command)).toEqual(words));

test.each(["", "  ", `x "a`, "x 'a"])("%j is no command", (command) =>
  expect(() => splitWords(command)).toThrow(Failure),
);

const environment = environmentOf({ PATH: process.env["PATH"], SECRET: "horse" }, "/");
const read = (command: string) => readPasswordFrom(command, environment, new AbortController().signal);

test("what it prints is the password, without the line's end", async () =>
  expect(await read(`sh -c 'echo " $SECRET "; pwd >&2'`)).toBe("horse"));

test.each([
  ["a command that fails", `sh -c 'echo locked >&2; exit 3'`, /it ended with 3: locked$/],
  ["a command that prints nothing", "true", /it printed nothing$/],
  ["a command that is missing", "no-such-program x", /no-such-program was not found/],
])("%s is named", async (_title, command, message) => {
  const failure = Failure.from(await read(command).catch((error: unknown) => error));
  expect(failure.code).toBe("credentials-unreadable");
  expect(failure.message).toMatch(message);
});
