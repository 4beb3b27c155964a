//! Defaults, conditions and types.

use windlass_gotemplate::{Type, Value};

use crate::equal::deep_equal;
use crate::table::{Table, is_empty, string, text};

use Type::{Any, Bool, String as Str};

pub(crate) fn add(t: &mut Table) {
    t.variadic(&["default"], &[Any, Any], |a| {
        Ok(a.get(1).filter(|v| !is_empty(v)).unwrap_or(&a[0]).clone())
    });
    t.put(&["empty"], &[Any], |a| Ok(Value::Bool(is_empty(&a[0]))));
    t.variadic(&["coalesce"], &[Any], |a| {
        Ok(a.iter().find(|v| !is_empty(v)).cloned().unwrap_or(Value::Nil))
    });
    t.variadic(&["all"], &[Any], |a| Ok(Value::Bool(!a.iter().any(is_empty))));
    t.variadic(&["any"], &[Any], |a| Ok(Value::Bool(a.iter().any(|v| !is_empty(v)))));
    t.put(&["ternary"], &[Any, Any, Bool], |a| {
        Ok(if matches!(a[2], Value::Bool(true)) { a[0].clone() } else { a[1].clone() })
    });
    t.put(&["typeOf"], &[Any], |a| string(a[0].type_name()));
    t.put(&["typeIs"], &[Str, Any], |a| Ok(Value::Bool(a[1].type_name() == text(&a[0]))));
    t.put(&["typeIsLike"], &[Str, Any], |a| {
        let (wanted, found) = (text(&a[0]), a[1].type_name());
        Ok(Value::Bool(found == wanted || found.strip_prefix('*') == Some(&wanted)))
    });
    t.put(&["kindOf"], &[Any], |a| string(a[0].kind_name()));
    t.put(&["kindIs"], &[Str, Any], |a| Ok(Value::Bool(a[1].kind_name() == text(&a[0]))));
    t.put(&["deepEqual"], &[Any, Any], |a| Ok(Value::Bool(deep_equal(&a[0], &a[1]))));
}
