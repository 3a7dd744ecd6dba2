export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
}

/** An aligned table: titles, then rows; two spaces between columns, no trailing spaces. Cells must be `visible`. */
export function formatTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const titles = columns.map((column) => column.title);
  const widths = columns.map((_column, index) => Math.max(...[titles, ...rows].map((row) => width(row[index] ?? ""))));
  return [titles, ...rows].map((row) =>
    columns
      .map((column, index) => {
        const cell = row[index] ?? "";
        const gap = " ".repeat((widths[index] ?? 0) - width(cell));
        return column.align === "right" ? gap + cell : cell + gap;
      })
      .join("  ")
      .trimEnd(),
  );
}

/** `name: value` lines with the values under each other. */
export function formatFields(fields: readonly (readonly [string, string])[]): string[] {
  const longest = Math.max(0, ...fields.map(([name]) => width(name)));
  return fields.map(([name, value]) => `${name}:${" ".repeat(longest - width(name) + 2)}${value}`.trimEnd());
}

/** Columns on a terminal: wide East Asian characters and emoji take two, combining marks none. */
export function width(text: string): number {
  let columns = 0;
  for (const character of text) {
    if (/\p{Mark}/u.test(character)) continue;
    columns +=
      /[\u1100-\u115f\u2e80-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u.test(
        character,
      )
        ? 2
        : 1;
  }
  return columns;
}
