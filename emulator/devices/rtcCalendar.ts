/** The time of an MC146818 in its registers' formats. Times are seconds since 1970, UTC. */
export interface CalendarFormat {
  readonly binary: boolean;
  readonly hours24: boolean;
}

const SECONDS = 0;
const SECONDS_ALARM = 1;
const MINUTES = 2;
const MINUTES_ALARM = 3;
const HOURS = 4;
const HOURS_ALARM = 5;
const DAY_OF_WEEK = 6;
const DAY_OF_MONTH = 7;
const MONTH = 8;
const YEAR = 9;
const AFTERNOON = 0x80;
/** An alarm byte with both top bits set matches every value. */
const ANY = 0xc0;
const DAY = 86_400;

const encode = (value: number, { binary }: CalendarFormat) =>
  binary ? value : (Math.floor(value / 10) << 4) | (value % 10);
const decode = (byte: number, { binary }: CalendarFormat) => (binary ? byte : (byte >>> 4) * 10 + (byte & 15));

function encodeHours(hours: number, format: CalendarFormat): number {
  if (format.hours24) return encode(hours, format);
  return encode(((hours + 11) % 12) + 1, format) | (hours >= 12 ? AFTERNOON : 0);
}

function decodeHours(byte: number, format: CalendarFormat): number {
  if (format.hours24) return decode(byte, format);
  return (decode(byte & 0x7f, format) % 12) + (byte & AFTERNOON ? 12 : 0);
}

export function toRegisters(
  time: number,
  format: CalendarFormat,
): { readonly registers: readonly (readonly [index: number, value: number])[]; readonly century: number } {
  const date = new Date(time * 1000);
  const year = date.getUTCFullYear();
  return {
    registers: [
      [SECONDS, encode(date.getUTCSeconds(), format)],
      [MINUTES, encode(date.getUTCMinutes(), format)],
      [HOURS, encodeHours(date.getUTCHours(), format)],
      [DAY_OF_WEEK, encode(date.getUTCDay() + 1, format)],
      [DAY_OF_MONTH, encode(date.getUTCDate(), format)],
      [MONTH, encode(date.getUTCMonth() + 1, format)],
      [YEAR, encode(year % 100, format)],
    ],
    century: encode(Math.floor(year / 100), format),
  };
}

/** Values out of range carry over, as 31 February does. The day of the week follows from the date. */
export function fromRegisters(byte: (index: number) => number, century: number, format: CalendarFormat): number {
  const value = (index: number) => decode(byte(index), format);
  const year = decode(century, format) * 100 + value(YEAR);
  // Date.UTC would take years below 100 for 19xx.
  const date = new Date(0);
  date.setUTCFullYear(year, value(MONTH) - 1, value(DAY_OF_MONTH));
  return date.getTime() / 1000 + decodeHours(byte(HOURS), format) * 3600 + value(MINUTES) * 60 + value(SECONDS);
}

/** The first second after `time` at which the alarm bytes match; Infinity when they never do. */
export function nextAlarm(time: number, byte: (index: number) => number, format: CalendarFormat): number {
  const wanted = (index: number, read: (byte: number) => number) =>
    (byte(index) & ANY) === ANY ? undefined : read(byte(index));
  const seconds = wanted(SECONDS_ALARM, (b) => decode(b, format));
  const minutes = wanted(MINUTES_ALARM, (b) => decode(b, format));
  const hours = wanted(HOURS_ALARM, (b) => decodeHours(b, format));
  if ((seconds ?? 0) > 59 || (minutes ?? 0) > 59 || (hours ?? 0) > 23) return Number.POSITIVE_INFINITY;
  let at = time + 1;
  for (;;) {
    const ofDay = ((at % DAY) + DAY) % DAY;
    const [h, m, s] = [Math.floor(ofDay / 3600), Math.floor(ofDay / 60) % 60, ofDay % 60];
    // Go to the start of the next unit that could match; at most 24 + 60 + 60 turns.
    if (hours !== undefined && h !== hours) at += 3600 - (ofDay % 3600);
    else if (minutes !== undefined && m !== minutes) at += 60 - s;
    else if (seconds !== undefined && s !== seconds) at += 1;
    else return at;
  }
}
