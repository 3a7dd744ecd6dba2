/** The word that is written most alike; undefined when none is near. */
export function nearest(word: string, words: readonly string[]): string | undefined {
  const ranked = words.map((each) => ({ each, steps: distance(word, each) })).toSorted((a, b) => a.steps - b.steps);
  const [first] = ranked;
  return first !== undefined && first.steps <= mostSteps(word) ? first.each : undefined;
}

function mostSteps({ length }: string): number {
  return length < 4 ? 1 : Math.max(2, Math.floor(length / 3));
}

/** Letters to add, take away or exchange. */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (const [at, letter] of [...one].entries()) {
    const next = [at + 1];
    for (const [column, wanted] of [...other].entries()) {
      const exchanged = (row[column] ?? 0) + (letter === wanted ? 0 : 1);
      next.push(Math.min(exchanged, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
