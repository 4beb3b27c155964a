{
  local std = $,
  isString(v):: std.type(v) == 'string',
  isNumber(v):: std.type(v) == 'number',
  isBoolean(v):: std.type(v) == 'boolean',
  isObject(v):: std.type(v) == 'object',
  isArray(v):: std.type(v) == 'array',
  isFunction(v):: std.type(v) == 'function',
  isEven(x):: x % 2 == 0,
  isOdd(x):: x % 2 != 0,
  isInteger(x):: x == std.floor(x),
  isDecimal(x):: !std.isInteger(x),
  isEmpty(str):: std.length(str) == 0,
  pi:: 3.141592653589793,
  deg2rad(x):: x * std.pi / 180,
  rad2deg(x):: x * 180 / std.pi,
  hypot(a, b):: std.sqrt(a * a + b * b),
  sign(n):: if n > 0 then 1 else if n < 0 then -1 else 0,
  clamp(x, minVal, maxVal):: if x < minVal then minVal else if x > maxVal then maxVal else x,
  xor(x, y):: x != y,
  xnor(x, y):: x == y,
  mod(a, b):: a % b,
  equals(a, b):: a == b,
  assertEqual(a, b):: if a == b then true else error 'Assertion failed. ' + a + ' != ' + b,
  get(o, f, default=null, inc_hidden=true)::
    if (if inc_hidden then std.objectHasAll(o, f) else std.objectHas(o, f)) then o[f] else default,
  objectHas(o, f):: std.objectHasEx(o, f, false),
  objectHasAll(o, f):: std.objectHasEx(o, f, true),
  objectFields(o):: std.objectFieldsEx(o, false),
  objectFieldsAll(o):: std.objectFieldsEx(o, true),
  objectValues(o):: [o[k] for k in std.objectFields(o)],
  objectValuesAll(o):: [o[k] for k in std.objectFieldsAll(o)],
  objectKeysValues(o):: [{ key: k, value: o[k] } for k in std.objectFields(o)],
  objectKeysValuesAll(o):: [{ key: k, value: o[k] } for k in std.objectFieldsAll(o)],
  objectRemoveKey(obj, key):: { [k]: obj[k] for k in std.objectFields(obj) if k != key },
  mapWithKey(func, obj):: { [k]: func(k, obj[k]) for k in std.objectFields(obj) },
  mapWithIndex(func, arr):: [func(i, arr[i]) for i in std.range(0, std.length(arr) - 1)],
  filterMap(filter_func, map_func, arr):: std.map(map_func, std.filter(filter_func, arr)),
  flatMap(func, arr)::
    if std.isString(arr) then std.join('', [func(c) for c in std.stringChars(arr)])
    else std.flattenArrays([func(x) for x in arr]),
  flattenArrays(arrs):: [x for arr in arrs for x in arr],
  flattenDeepArray(value):: if std.isArray(value) then [y for x in value for y in std.flattenDeepArray(x)] else [value],
  lines(arr):: std.join('\n', arr + ['']),
  deepJoin(arr):: if std.isString(arr) then arr else std.join('', [std.deepJoin(x) for x in arr]),
  member(arr, x):: if std.isString(arr) then std.length(std.findSubstr(x, arr)) > 0 else std.count(arr, x) > 0,
  contains(arr, elem):: std.member(arr, elem),
  count(arr, x):: std.length([y for y in arr if y == x]),
  find(value, arr):: [i for i in std.range(0, std.length(arr) - 1) if arr[i] == value],
  any(arr):: std.foldl(function(a, b) a || b, arr, false),
  all(arr):: std.foldl(function(a, b) a && b, arr, true),
  sum(arr):: std.foldl(function(a, b) a + b, arr, 0),
  avg(arr):: if std.length(arr) == 0 then error 'Cannot calculate average of an empty array.' else std.sum(arr) / std.length(arr),
  minArray(arr, keyF=function(x) x, onEmpty=error 'Expected at least one element in array. Got none')::
    if std.length(arr) == 0 then onEmpty else std.foldl(function(a, b) if keyF(b) < keyF(a) then b else a, arr, arr[0]),
  maxArray(arr, keyF=function(x) x, onEmpty=error 'Expected at least one element in array. Got none')::
    if std.length(arr) == 0 then onEmpty else std.foldl(function(a, b) if keyF(b) > keyF(a) then b else a, arr, arr[0]),
  reverse(arr):: local l = std.length(arr); std.makeArray(l, function(i) arr[l - i - 1]),
  repeat(what, count)::
    if std.isString(what) then std.join('', std.makeArray(count, function(i) what))
    else std.flattenArrays(std.makeArray(count, function(i) what)),
  remove(arr, elem):: local at = std.find(elem, arr); if std.length(at) == 0 then arr else std.removeAt(arr, at[0]),
  removeAt(arr, at):: [arr[i] for i in std.range(0, std.length(arr) - 1) if i != at],
  uniq(arr, keyF=function(x) x)::
    [arr[i] for i in std.range(0, std.length(arr) - 1) if i == 0 || keyF(arr[i]) != keyF(arr[i - 1])],
  set(arr, keyF=function(x) x):: std.uniq(std.sort(arr, keyF), keyF),
  setMember(x, arr, keyF=function(x) x):: std.length(std.setInter([x], arr, keyF)) > 0,
  setUnion(a, b, keyF=function(x) x):: std.uniq(std.sort(a + b, keyF), keyF),
  setInter(a, b, keyF=function(x) x):: local keys = std.map(keyF, b); [x for x in a if std.count(keys, keyF(x)) > 0],
  setDiff(a, b, keyF=function(x) x):: local keys = std.map(keyF, b); [x for x in a if std.count(keys, keyF(x)) == 0],
  mergePatch(target, patch)::
    if !std.isObject(patch) then patch else
      local from = if std.isObject(target) then target else {};
      local kept = std.objectFields(from);
      local given = std.objectFields(patch);
      { [k]: from[k] for k in kept if !std.objectHas(patch, k) } +
      { [k]: std.mergePatch(if std.objectHas(from, k) then from[k] else null, patch[k]) for k in given if patch[k] != null },
  prune(a)::
    local blank(b) = b == null || (std.isArray(b) && std.length(b) == 0) || (std.isObject(b) && std.length(b) == 0);
    if std.isArray(a) then [std.prune(x) for x in a if !blank(std.prune(x))]
    else if std.isObject(a) then { [k]: std.prune(a[k]) for k in std.objectFields(a) if !blank(std.prune(a[k])) }
    else a,
  split(str, c):: std.splitLimit(str, c, -1),
  substr(str, from, len):: std.join('', [str[i] for i in std.range(from, std.min(from + len, std.length(str)) - 1)]),
  equalsIgnoreCase(a, b):: std.asciiLower(a) == std.asciiLower(b),
  lstripChars(str, chars):: std['$stripEnds'](str, chars, true, false),
  rstripChars(str, chars):: std['$stripEnds'](str, chars, false, true),
  stripChars(str, chars):: std['$stripEnds'](str, chars, true, true),
  trim(str):: std['$stripEnds'](str, ' \t\n\f\r\u0085\u00A0', true, true),
  min(a, b):: if a < b then a else b,
  max(a, b):: if a > b then a else b,
  manifestJson(value):: std.manifestJsonEx(value, '    '),
  manifestJsonMinified(value):: std.manifestJsonEx(value, '', '', ':'),
  manifestYamlStream(value, indent_array_in_object=false, c_document_end=true, quote_keys=true)::
    '---\n' + std.join('\n---\n', [std.manifestYamlDoc(e, indent_array_in_object, quote_keys) for e in value]) +
    (if c_document_end then '\n...\n' else '\n'),
  manifestIni(ini)::
    local line(k, v) = if std.isArray(v) then ['%s = %s' % [k, x] for x in v] else ['%s = %s' % [k, v]];
    local section(s) = std.flattenArrays([line(k, s[k]) for k in std.objectFields(s)]);
    std.lines((if std.objectHas(ini, 'main') then section(ini.main) else []) +
              std.flattenArrays([['[%s]' % k] + section(ini.sections[k]) for k in std.objectFields(ini.sections)])),
  id(x):: x,
  modulo(x, y):: x % y,
  native(x):: null,
  resolvePath(f, r):: local parts = std.split(f, '/'); std.join('/', parts[:std.length(parts) - 1] + [r]),
  __compare(a, b):: if a < b then -1 else if a > b then 1 else 0,
  __compare_array(a, b):: std.__compare(a, b),
  __array_less(a, b):: a < b,
  __array_less_or_equal(a, b):: a <= b,
  __array_greater(a, b):: a > b,
  __array_greater_or_equal(a, b):: a >= b,
  escapeStringXML(str_)::
    local names = { '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&quot;', "'": '&apos;' };
    std.join('', [std.get(names, c, c) for c in std.stringChars(std.toString(str_))]),
  manifestPython(v)::
    if std.isObject(v) then
      '{' + std.join(', ', ['%s: %s' % [std.escapeStringPython(k), std.manifestPython(v[k])] for k in std.objectFields(v)]) + '}'
    else if std.isArray(v) then '[' + std.join(', ', [std.manifestPython(x) for x in v]) + ']'
    else if std.isString(v) then std.escapeStringPython(v)
    else if std.isFunction(v) then error 'cannot manifest function'
    else if v == true then 'True' else if v == false then 'False' else if v == null then 'None'
    else std.toString(v),
  manifestPythonVars(conf)::
    std.join('', ['%s = %s\n' % [k, std.manifestPython(conf[k])] for k in std.objectFields(conf)]),
  manifestXmlJsonml(value)::
    local element(v) =
      if std.isString(v) then v else
        local given = std.length(v) > 1 && std.isObject(v[1]);
        local named = if given then v[1] else {};
        local inner = v[(if given then 2 else 1):];
        '<' + v[0] + std.join('', [' %s="%s"' % [k, named[k]] for k in std.objectFields(named)]) + '>' +
        std.join('', [element(x) for x in inner]) + '</' + v[0] + '>';
    if std.isArray(value) then element(value)
    else error 'Expected a JSONML value (an array), got %s' % std.type(value),
  manifestToml(value):: std.manifestTomlEx(value, '  '),
  manifestTomlEx(value, indent)::
    // A table has lines of its own first, then its tables and lists of tables.
    local bare = std.stringChars('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-');
    local key(k) =
      if k == '' then "''" else if std.all([std.member(bare, c) for c in std.stringChars(k)]) then k else std.escapeStringJson(k);
    local isTables(v) =
      std.isObject(v) || (std.isArray(v) && std.length(v) > 0 && std.all([std.isObject(x) for x in v]));
    local shown(path) = '[' + std.join(' ', [std.toString(p) for p in path]) + ']';
    local inline(v, path, at, oneLine) =
      if std.isArray(v) then
        if std.length(v) == 0 then '[]' else
          local gap = if oneLine then ' ' else '\n';
          local deeper = if oneLine then '' else at + indent;
          local items = [deeper + inline(v[i], path + [i], '', true) for i in std.range(0, std.length(v) - 1)];
          '[' + gap + std.join(',' + gap, items) + gap + (if oneLine then '' else at) + ']'
      else if std.isObject(v) then
        local pairs = [key(k) + ' = ' + inline(v[k], path + [k], '', true) for k in std.objectFields(v)];
        '{ ' + std.join(', ', pairs) + ' }'
      else if std.isString(v) then std.escapeStringJson(v)
      else if std.isFunction(v) then error 'Tried to manifest function at ' + shown(path)
      else if v == null then error 'Tried to manifest "null" at ' + shown(path)
      else std.toString(v);
    local body(v, names, path, at) =
      local lines = [
        at + key(k) + ' = ' + inline(v[k], path + [k], at, false)
        for k in std.objectFields(v)
        if !isTables(v[k])
      ];
      local table(v, open, close, names, path) =
        at + open + std.join('.', names) + close +
        (if std.length(v) == 0 then '' else '\n' + body(v, names, path, at + indent));
      local tables = std.flattenArrays([
        if std.isObject(v[k]) then ['', table(v[k], '[', ']', names + [key(k)], path + [k])]
        else std.flattenArrays([
          ['', table(v[k][i], '[[', ']]', names + [key(k)], path + [k, i])]
          for i in std.range(0, std.length(v[k]) - 1)
        ])
        for k in std.objectFields(v)
        if isTables(v[k])
      ]);
      std.join('\n', [std.join('\n', lines)] + tables);
    if std.isObject(value) then body(value, [], [], '')
    else error 'TOML body must be an object. Got %s' % std.type(value),
  escapeStringPython(str):: std.escapeStringJson(str),
  escapeStringBash(str):: "'" + std.strReplace(str, "'", "'\"'\"'") + "'",
  escapeStringDollars(str):: std.strReplace(str, '$', '$$'),
  slice(indexable, index, end, step):: indexable[index:end:step],
}
