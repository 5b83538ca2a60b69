/* hold: what a terminal would answer, taken out of output that is shown again. A part of hold.c. */

/* Length of the control sequence at p, which begins with ESC; 0 when it is cut off. */
static size_t sequence(const u8 *p, size_t n)
{
	size_t i = 2;
	if (n < 2)
		return 0;
	if (p[1] == '[') {
		while (i < n && p[i] >= 0x20 && p[i] < 0x40)
			i++;
		return i == n ? 0 : p[i] >= 0x40 && p[i] < 0x7f ? i + 1 : i;
	}
	if (p[1] == 0 || !strchr("]P_^X", p[1]))
		return 2;
	for (; i < n; i++) {
		if (p[i] == 7)
			return i + 1;
		if (p[i] == 27)
			return i + 1 < n && p[i + 1] == '\\' ? i + 2 : i;
	}
	return 0;
}

/* Whether a terminal would answer this sequence; its answer would be typed at the program. */
static int is_query(const u8 *p, size_t n)
{
	u8 last = p[n - 1];
	int number = n > 2 ? atoi((const char *)p + 2) : 0;
	switch (p[1]) {
	case 'Z':
		return 1;
	case '[':	/* status, attributes, parameters; XTVERSION; modes; keyboard; window reports; checksums */
		return strchr("ncx", last) != NULL || (last == 'q' && p[2] == '>') || (last == 'p' && p[n - 2] == '$') ||
		       (last == 'u' && p[2] == '?') || (last == 'S' && p[2] == '?') || (last == 't' && (number == 11 || (number >= 13 && number <= 21))) ||
		       (last == 'y' && p[n - 2] == '*');
	case ']':	/* colours, clipboard: the value asked for is a question mark */
		return memmem(p, n, ";?", 2) != NULL;
	case 'P':
		return n > 3 && (p[2] == '+' || p[2] == '$') && p[3] == 'q';
	case '_':
		return memmem(p, n, "a=q", 3) != NULL;
	}
	return 0;
}

static size_t without_queries(const u8 *in, size_t n, u8 *out)
{
	size_t size = 0;
	for (size_t i = 0; i < n;) {
		size_t length = in[i] == 27 ? sequence(in + i, n - i) : 1;
		if (length == 0)
			length = n - i;
		else if (in[i] == 5 || (in[i] == 27 && length > 1 && is_query(in + i, length))) {
			i += length;
			continue;
		}
		memcpy(out + size, in + i, length);
		size += length;
		i += length;
	}
	return size;
}
