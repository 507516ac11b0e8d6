// Text of the target that would steer what is around it: shown as what it is.
//
// A name may turn around what is written behind it (U+202E), or hide a part of itself. As on a terminal
// (core/report/escape.cpp) such characters are written out: \u202e. It is done once, to the JSON before it is
// parsed, where they stand as escapes: so no part of the page can forget it.

const hidden = (code) =>
  code < 0x20 ||
  (code >= 0x7f && code <= 0x9f) || // DEL and C1
  code === 0xad ||
  code === 0x061c || // soft hyphen, a mark of direction
  (code >= 0x200b && code <= 0x200f) || // zero width, marks of direction
  (code >= 0x2028 && code <= 0x202e) || // ends of lines, embeddings
  (code >= 0x2060 && code <= 0x206f) ||
  code === 0xfeff;

const SHORT = { b: "08", f: "0c", r: "0d" }; // ends of lines and tabs are blanks to a browser

/** JSON as JsonWriter writes it, in ASCII, with the characters that cannot be seen as text. */
export function visible(json) {
  return json.replace(
    /\\udb40\\u(dc[0-7][0-9a-f])|\\u([0-9a-f]{4})|\\(.)|\x7f/gi,
    (all, tag, digits, short) => {
      if (tag)
        return `\\\\U000e00${(Number.parseInt(tag, 16) & 0x7f).toString(16).padStart(2, "0")}`;
      if (short) return SHORT[short] ? `\\\\x${SHORT[short]}` : all;
      const code = digits ? Number.parseInt(digits, 16) : 0x7f;
      if (!hidden(code)) return all;
      return code < 0x80 ? `\\\\x${code.toString(16).padStart(2, "0")}` : `\\\\u${digits}`;
    },
  );
}
