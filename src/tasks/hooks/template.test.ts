import { describe, expect, test } from "vitest";
import { Failure } from "../../kit/failures.ts";
import { render } from "./template.ts";

const facts = {
  Name: "nightly-1",
  Namespace: "demo",
  Invoker: { APIGroup: "stash.appscode.com", Kind: "BackupConfiguration", Name: "nightly" },
  Status: { Phase: "Failed", Duration: "1m5s", Error: 'stream "A" is\nbusy' },
  RetryLeft: 2,
};

describe("a template", () => {
  test.each([
    ["a text without {{ stays as it is, blanks included", "  as it is ", "  as it is "],
    ["fields", "{{ .Namespace }}/{{.Name}}", "demo/nightly-1"],
    ["a field of a field", "{{ .Invoker.Kind }} {{$.Invoker.Name}}", "BackupConfiguration nightly"],
    ["what is not there is empty", "[{{ .Invoker.Nothing.At.All }}]", "[]"],
    ["the result is trimmed", "\n {{ .Name }} \n", "nightly-1"],
    ["if", '{{ if eq .Status.Phase "Failed" }}bad{{ end }}', "bad"],
    ["else", '{{ if eq .Status.Phase "Succeeded" }}good{{ else }}bad{{ end }}', "bad"],
    ["else if", "{{ if eq .RetryLeft 0 }}none{{ else if eq .RetryLeft 2 }}two{{ else }}some{{ end }}", "two"],
    ["if within if", "{{ if .Name }}{{ if .Nothing }}a{{ else }}b{{ end }}c{{ end }}", "bc"],
    ["eq with several", '{{ eq .Status.Phase "Succeeded" "Failed" }}', "true"],
    ["ne", '{{ ne .Status.Phase "Failed" }}', "false"],
    ["what is not there equals the empty text", '{{ eq .Nothing "" }}', "true"],
    ["order of numbers", "{{ gt .RetryLeft 1 }} {{ le .RetryLeft 1 }}", "true false"],
    ["and gives the first that is nothing", '{{ and .Name .Nothing "x" | default "none" }}', "none"],
    ["and gives the last", '{{ and .Name "x" }}', "x"],
    ["or gives the first that is something", '{{ or .Nothing "" .Name }}', "nightly-1"],
    ["not", "{{ not .Nothing }}", "true"],
    ["parentheses", '{{ if and (eq .RetryLeft 2) (not (eq .Name "x")) }}yes{{ end }}', "yes"],
    ["pipes", "{{ .Name | upper | quote }}", '"NIGHTLY-1"'],
    ["a pipe within parentheses", '{{ printf "%s!" (.Name | upper) }}', "NIGHTLY-1!"],
    [
      "quote makes a text fit for JSON",
      '{"error": {{ .Status.Error | quote }}}',
      '{"error": "stream \\"A\\" is\\nbusy"}',
    ],
    ["toJson of a text", "{{ toJson .Status.Error }}", '"stream \\"A\\" is\\nbusy"'],
    ["toJson of a part", "{{ .Invoker | toJson }}", JSON.stringify(facts.Invoker)],
    ["toJson of nothing", "{{ toJson .Nothing }}", "null"],
    ["default", '{{ .Nothing | default "none" }} {{ default "none" .Name }}', "none nightly-1"],
    ["trim, upper, lower", '{{ trim "  a " }}{{ upper "b" }}{{ lower "C" }}', "aBc"],
    ["replace takes texts as they are", '{{ .Name | replace "-" "$&." }}', "nightly$&.1"],
    ["contains", '{{ contains "busy" .Status.Error }}', "true"],
    [
      "printf",
      '{{ printf "%s|%5d|%-4s|%03d|%q|%v|%.1f|%%" .Name 7 "a" 7 "b" true 1.25 }}',
      'nightly-1|    7|a   |007|"b"|true|1.3|%',
    ],
    ["a text in back quotes", "{{ printf `%s\\n` .Name }}", "nightly-1\\n"],
    ["escapes in a text", '{{ "a\\tb\\"}}" }}', 'a\tb"}}'],
    ["comments", "a{{/* nothing }} here */}}b", "ab"],
    ["blanks beside {{- and -}} go", "a \n {{- .RetryLeft -}} \n b", "a2b"],
    ["several lines", "{{ if .Name }}\nyes\n{{ end }}", "yes"],
  ])("%s", (_title, template, text) => expect(render(template, facts)).toBe(text));

  test.each([
    ["an unknown function", "{{ env `HOME` }}", /there is no function env/],
    ["a function that every object has", "{{ constructor .Name }}", /there is no function constructor/],
    ["range", "{{ range .A }}{{ end }}", /\{\{range\}\} is not supported/],
    ["a variable", "{{ $a := 1 }}", /is not understood/],
    ["no end", "{{ if .A }}x", /has no \{\{end\}\}/],
    ["no end behind else", "{{ if .A }}x{{ else }}y", /has no \{\{end\}\}/],
    ["an end too many", "x{{ end }}", /has no \{\{if\}\} before it/],
    ["nothing", "{{ }}", /holds nothing/],
    ["no closing", "{{ .A", /\{\{ without \}\}/],
    ["a value with arguments", "{{ .A .B }}", /takes no arguments/],
    ["a value behind a pipe", '{{ "a" | .B }}', /only functions come after a \|/],
    ["an open parenthesis", "{{ (eq 1 1 }}", /a \( too many/],
    ["a closing parenthesis", "{{ eq 1 1) }}", /a \) too many/],
    ["a verb that is none", '{{ printf "%z" 1 }}', /%z is not understood/],
    ["a verb without a value", '{{ printf "%s" }}', /no value for %s/],
  ])("refuses %s in a sentence", (_title, template, sentence) => {
    let failure: unknown;
    try {
      render(template, facts);
    } catch (error) {
      failure = error;
    }
    expect(Failure.is(failure, "configuration-invalid") && failure.message).toMatch(sentence);
  });
});
