import { functionCalled, isTruth, textOf, type Value } from "./template-functions.ts";
import { type Node, type Pipeline, parseTemplate, type Term } from "./template-tree.ts";

/**
 * A subset of Go's templates, for the messages of hooks: fields, if/else/end, pipes, comments, and the functions of
 * template-functions.ts. A field that is not there is empty. A text without `{{` is left as it is; what comes out of a
 * template is trimmed. Throws `configuration-invalid` with what is not understood.
 */
export function render(text: string, facts: Value): string {
  return text.includes("{{") ? print(parseTemplate(text), facts).trim() : text;
}

function print(nodes: readonly Node[], facts: Value): string {
  return nodes.map((node) => printNode(node, facts)).join("");
}

function printNode(node: Node, facts: Value): string {
  switch (node.kind) {
    case "text":
      return node.text;
    case "print":
      return textOf(resultOf(node.pipeline, facts));
    case "if": {
      const branch = node.branches.find(({ condition }) => isTruth(resultOf(condition, facts)));
      return print(branch?.nodes ?? node.otherwise, facts);
    }
    default:
      throw new Error(`unknown node ${node satisfies never}`);
  }
}

function resultOf(pipeline: Pipeline, facts: Value): Value {
  const [first, ...others] = pipeline;
  if (first === undefined) return undefined;
  return others.reduce((value, term) => evaluate(term, facts, [value]), evaluate(first, facts, []));
}

/** `piped`: what comes through the pipe, if anything does. */
function evaluate(term: Term, facts: Value, piped: readonly Value[]): Value {
  switch (term.kind) {
    case "literal":
      return term.value;
    case "field":
      return term.names.reduce(member, facts);
    case "pipeline":
      return resultOf(term.pipeline, facts);
    case "call":
      return functionCalled(term.name)(...term.terms.map((each) => evaluate(each, facts, [])), ...piped);
    default:
      throw new Error(`unknown term ${term satisfies never}`);
  }
}

function member(value: Value, name: string): Value {
  return typeof value === "object" && Object.hasOwn(value, name) ? value[name] : undefined;
}
