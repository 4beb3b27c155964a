local f(x, y=2) = x + y; local o = { a: 1, b:: self.a, assert self.a > 0 : 'no', ['c' + 'd']: |||
  t
|||, [k]: 1 for k in ['x'] };
function(text='', code=null) { r: o { a+: 1, e: super.a, f: $.r }, g: [x * 2 for x in std.range(1, 3) if x % 2 == 1], h: std.format('%05.2f %s %(a)s', [1, 'x']), i: if 'a' in o then error 'e' else null, j: o.a[0:1:2], k: std.manifestYamlDoc({ a: [1] }), l: @'v' + std.extVar('text'), m: f(1), n: (1 << 3) & ~2 ^ 1, p: import 'main.jsonnet', q: std.sort([3, 1], keyF=function(x) -x), s: std.foldl(function(a, b) a + b, [1, 2], 0) }
