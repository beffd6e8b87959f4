// A guest for the benchmark of what metering costs: it sums the numbers and counts the strings of a JSON document.
static const char document[] =
    "{\"date\":\"2001/01/01 00:47\",\"delay\":66,\"distance\":1750,\"origin\":\"DTW\",\"destination\":\"LAS\","
    "\"legs\":[{\"carrier\":\"NW\",\"minutes\":241},{\"carrier\":\"HP\",\"minutes\":38}],\"late\":true,\"note\":\"a \\\"quoted\\\" word\"}";

static const char *value(const char *p, int *sum);

static const char *space(const char *p) {
    while (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r') p++;
    return p;
}

static const char *string(const char *p, int *sum) {
    for (p++; *p != '"'; p++)
        if (*p == '\\') p++;
    (*sum)++;
    return p + 1;
}

static const char *list(const char *p, int *sum, char close, int keys) {
    p = space(p + 1);
    while (*p != close) {
        if (keys) {
            p = space(string(p, sum));
            p++; // the colon
        }
        p = space(value(p, sum));
        if (*p == ',') p = space(p + 1);
    }
    return p + 1;
}

static const char *value(const char *p, int *sum) {
    p = space(p);
    switch (*p) {
    case '{': return list(p, sum, '}', 1);
    case '[': return list(p, sum, ']', 0);
    case '"': return string(p, sum);
    case 't': case 'n': return p + 4;
    case 'f': return p + 5;
    }
    int n = 0;
    for (; *p >= '0' && *p <= '9'; p++) n = n * 10 + (*p - '0');
    *sum += n;
    return p;
}

__attribute__((export_name("run"))) int run(int n) {
    int sum = 0;
    for (int i = 0; i < n; i++) value(document, &sum);
    return sum;
}
