/**
 * What a server may send ahead for one snapshot or reader. It cuts a connection off ("Slow Consumer") when it holds more
 * than 64 MiB for it (max_pending), or cannot write all it holds within 10 s (write_deadline): four at once take 8 MiB,
 * which passes at 1 MiB/s, and other answers do not wait for long behind them. More is hardly faster (measured).
 */
export const aheadBytes = 2 * 1024 * 1024;
