import { parseAst } from "vitest/node";

/** A file of the project as text; `path` from the root of the checkout, with slashes. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** Something found in a source text. */
export interface Finding {
  readonly kind: "import" | "computed import" | "environment" | "default export" | "module mock" | "word";
  /** The module asked for, or the word (an identifier, a string, a template, a regular expression). */
  readonly what: string;
  readonly line: number;
}

interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly [key: string]: unknown;
}

/** What one file says, by its syntax tree: comments count for nothing, types and `import()` count as imports. */
export function findingsOf({ path, text }: SourceFile): readonly Finding[] {
  const findings: Finding[] = [];
  for (const node of walk(parse(path, text))) {
    const line = text.slice(0, node.start).split("\n").length;
    findings.push(...[...read(node)].map((finding) => ({ ...finding, line })));
  }
  return findings;
}

function parse(path: string, text: string): SyntaxNode {
  const program: unknown = parseAst(text, { lang: "ts" });
  if (!isNode(program)) throw new Error(`cannot parse ${path}`);
  return program;
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}

function* walk(node: SyntaxNode): Generator<SyntaxNode> {
  yield node;
  for (const child of Object.values(node).flat()) if (isNode(child)) yield* walk(child);
}

type Found = Omit<Finding, "line">;

function* read(node: SyntaxNode): Generator<Found> {
  yield* importOf(node);
  if (readsEnvironment(node)) yield { kind: "environment", what: "process.env" };
  if (isDefaultExport(node)) yield { kind: "default export", what: "default" };
  if (node.type === "CallExpression" && /^vi\.(mock|doMock|hoisted)$/.test(dotted(node.callee))) {
    yield { kind: "module mock", what: dotted(node.callee) };
  }
  const word = wordOf(node);
  if (word !== undefined) yield { kind: "word", what: word };
}

function* importOf(node: SyntaxNode): Generator<Found> {
  if (node.type === "TSExternalModuleReference") yield* moduleOf(node.expression);
  else if (/^(Import(Declaration|Expression)|Export(All|Named)Declaration|TSImportType)$/.test(node.type)) {
    if (isNode(node.source)) yield* moduleOf(node.source);
  } else if (node.type === "CallExpression" && loaders.includes(dotted(node.callee))) {
    yield* moduleOf([node.arguments].flat()[0]);
  } else if (node.type === "NewExpression" && dotted(node.callee) === "URL") {
    // new URL("./worker.ts", import.meta.url): how a worker's file is named.
    const first = textOf([node.arguments].flat()[0]);
    if (first?.startsWith(".") === true && first.endsWith(".ts")) yield { kind: "import", what: first };
  }
}

/** Calls that give a module, besides import(). */
const loaders: readonly string[] = ["require", "import.meta.resolve", "process.getBuiltinModule"];

function* moduleOf(source: unknown): Generator<Found> {
  const what = textOf(source);
  yield what === undefined ? { kind: "computed import", what: "an expression" } : { kind: "import", what };
}

/** A string or a template without expressions. */
function textOf(node: unknown): string | undefined {
  if (!isNode(node)) return undefined;
  if (node.type === "Literal" && typeof node.value === "string") return node.value;
  if (node.type !== "TemplateLiteral") return undefined;
  const parts = [node.quasis].flat().map((part) => (isNode(part) ? wordOf(part) : undefined));
  return parts.length === 1 ? parts[0] : undefined;
}

function readsEnvironment(node: SyntaxNode): boolean {
  switch (node.type) {
    case "MemberExpression":
      return /(^|\.)process$/.test(dotted(node.object)) && nameOf(node.property) === "env";
    case "VariableDeclarator":
      return /(^|\.)process$/.test(dotted(node.init)) && namesIn(node.id, "properties", "key").includes("env");
    case "ImportDeclaration":
      return (
        /^(node:)?process$/.test(textOf(node.source) ?? "") && namesIn(node, "specifiers", "imported").includes("env")
      );
    default:
      return false;
  }
}

function isDefaultExport(node: SyntaxNode): boolean {
  if (node.type === "ExportDefaultDeclaration" || node.type === "TSExportAssignment") return true;
  return node.type === "ExportNamedDeclaration" && namesIn(node, "specifiers", "exported").includes("default");
}

/** `a.b.c` as written, "" for anything else. */
function dotted(node: unknown): string {
  if (!isNode(node)) return "";
  if (node.type === "MetaProperty") return `${nameOf(node.meta)}.${nameOf(node.property)}`;
  if (node.type !== "MemberExpression") return node.type === "Identifier" ? (nameOf(node) ?? "") : "";
  return `${dotted(node.object)}.${nameOf(node.property)}`;
}

function nameOf(node: unknown): string | undefined {
  return isNode(node) && typeof node.name === "string" ? node.name : textOf(node);
}

function namesIn(node: unknown, list: string, key: string): readonly (string | undefined)[] {
  if (!isNode(node)) return [];
  return [node[list]].flat().map((item) => (isNode(item) ? nameOf(item[key]) : undefined));
}

function wordOf(node: SyntaxNode): string | undefined {
  if (node.type === "Literal") return typeof node.raw === "string" ? node.raw : undefined;
  if (node.type === "TemplateElement") {
    const value = node.value;
    return typeof value === "object" && value !== null && "raw" in value ? String(value.raw) : undefined;
  }
  return typeof node.name === "string" ? node.name : undefined;
}
