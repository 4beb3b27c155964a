package v1alpha1

import "time"

// OracleCanSync is SyncWindows.CanSync at a time of one's own.
func OracleCanSync(w *SyncWindows, isManual bool, now time.Time) (bool, error) {
	if !w.HasWindows() {
		return true, nil
	}
	active, err := w.active(now)
	if err != nil {
		return false, err
	}
	if denied, manual := active.hasDeny(); denied {
		return isManual && manual, nil
	}
	if active.hasAllow() {
		return true, nil
	}
	inactive, err := w.inactiveAllows(now)
	if err != nil {
		return false, err
	}
	if inactive.HasWindows() {
		return isManual && inactive.manualEnabled(), nil
	}
	return true, nil
}
