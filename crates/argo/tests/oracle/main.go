// The oracle of projects.jsonl: what Argo CD says of random projects, one JSON object a line. It and
// inside.go are built inside a copy of Argo CD's source (3.2.6):
//
//	mkdir SOURCE/cmd/oracle && cp main.go SOURCE/cmd/oracle/
//	cp inside.go SOURCE/pkg/apis/application/v1alpha1/oracle.go
//	cd SOURCE && go run ./cmd/oracle SEED 60 > projects.jsonl
package main

import (
	"encoding/json"
	"math/rand"
	"os"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
)

type Case struct {
	Op        string                           `json:"op"`
	Spec      *v1alpha1.AppProjectSpec         `json:"spec"`
	URL       string                           `json:"url,omitempty"`
	Name      string                           `json:"name,omitempty"`
	Place     *v1alpha1.ApplicationDestination `json:"place,omitempty"`
	Group     string                           `json:"group,omitempty"`
	Kind      string                           `json:"kind,omitempty"`
	Cluster   bool                             `json:"cluster,omitempty"`
	Namespace string                           `json:"namespace,omitempty"`
	Time      string                           `json:"time,omitempty"`
	Manual    bool                             `json:"manual,omitempty"`
	Permitted bool                             `json:"permitted"`
	Error     bool                             `json:"error,omitempty"`
}

var r *rand.Rand

func pick(of ...string) string { return of[r.Intn(len(of))] }

func some(most int, one func() string) []string {
	list := []string{}
	for range r.Intn(most + 1) {
		list = append(list, one())
	}
	return list
}

func url() string {
	path := pick("team/a", "team/a.git", "team/sub/b", "Team/A", "charts", "team/a/", "team")
	host := pick("host.example", "Host.Example", "host.example")
	return pick("https://"+host+"/", "https://other.example:8443/", "ssh://git@"+host+"/", "git@"+host+":", "http://"+host+"/", "oci://"+host+"/") + path
}

func urlPattern() string {
	text := pick(url(), url(), "*", "https://host.example/*", "https://host.example/team/*", "https://**",
		"https://host.example/**", "https://*/team/a", "*host.example*", "https://host.example/team/[ab]",
		"git@host.example:*", "git@*:team/*", "oci://host.example/*",
		"https://host.example/team/?", "ssh://git@host.example/*/*", "https://host.example/t*/sub/*")
	if r.Intn(4) == 0 {
		return "!" + text
	}
	return text
}

func name() string { return pick("app", "app-a", "team-a", "team-b", "prod", "", "kube-system", "a") }

func namePattern() string {
	text := pick("*", "*", name(), "team-*", "*-a", "{team-a,prod}", "[tp]*", "[!t]*", "?pp", "team-?", "**", "{a", "\\*", "t*-*")
	if r.Intn(5) == 0 {
		return "!" + text
	}
	return text
}

func server() string {
	return pick("https://kubernetes.default.svc", "https://a.example", "https://b.example:6443", "")
}

func serverPattern() string {
	text := pick("*", server(), "https://*", "https://*.example*", "https://{a,b}.example*", "https://a.example", "in-cluster")
	if r.Intn(5) == 0 {
		return "!" + text
	}
	return text
}

func kinds() []metav1.GroupKind {
	// An empty list would not be told from none.
	var list []metav1.GroupKind
	for range r.Intn(3) {
		list = append(list, metav1.GroupKind{
			Group: pick("", "*", "apps", "*.k8s.io", "rbac.*", "[a-b]*", "{apps,batch}", "a?ps", "[", "[^a]*"),
			Kind:  pick("*", "Deployment", "Secret", "ClusterRole*", "C*", "[CD]*", "{Job,Secret}", "Nam?space", "[!C]*"),
		})
	}
	return list
}

func field(min, max int, names ...string) string {
	one := func() string {
		number := func() string {
			if len(names) > 0 && r.Intn(3) == 0 {
				return names[r.Intn(len(names))]
			}
			return strconv.Itoa(min + r.Intn(max-min+1) + r.Intn(40)/39)
		}
		text := number()
		switch r.Intn(6) {
		case 0, 1:
			text = pick("*", "*", "*", "?")
		case 2:
			text += "-" + number()
		}
		if r.Intn(4) == 0 {
			text += "/" + strconv.Itoa(r.Intn(9))
		}
		return text
	}
	if r.Intn(2) == 0 {
		return "*"
	}
	parts := []string{one()}
	for r.Intn(4) == 0 {
		parts = append(parts, one())
	}
	return strings.Join(parts, ",")
}

func schedule() string {
	if r.Intn(25) == 0 {
		return pick("@daily", "* * * *", "* * * * * *", "0 0 30 2 *", "0 0 L * *", "0 0 * * 7", "", "a b c d e", "0 0 29 2 *")
	}
	fields := []string{
		field(0, 59), field(0, 23), field(1, 31),
		field(1, 12, "jan", "FEB", "Dec"), field(0, 6, "sun", "MON", "Fri"),
	}
	return strings.Join(fields, pick(" ", "  "))
}

func main() {
	seed, _ := strconv.ParseInt(os.Args[1], 10, 64)
	r = rand.New(rand.NewSource(seed))
	count := 150
	if len(os.Args) > 2 {
		count, _ = strconv.Atoi(os.Args[2])
	}
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	say := func(c Case) { _ = out.Encode(c) }
	project := func(spec *v1alpha1.AppProjectSpec) v1alpha1.AppProject {
		return v1alpha1.AppProject{ObjectMeta: metav1.ObjectMeta{Name: "p"}, Spec: *spec}
	}
	for range count {
		spec := &v1alpha1.AppProjectSpec{SourceRepos: some(3, urlPattern)}
		c := Case{Op: "source", Spec: spec, URL: url()}
		c.Permitted = project(spec).IsSourcePermitted(v1alpha1.ApplicationSource{RepoURL: c.URL})
		say(c)
	}
	for range count {
		spec := &v1alpha1.AppProjectSpec{}
		for range r.Intn(4) {
			item := v1alpha1.ApplicationDestination{Namespace: namePattern()}
			if r.Intn(2) == 0 {
				item.Server = serverPattern()
			}
			if r.Intn(2) == 0 {
				item.Name = namePattern()
			}
			spec.Destinations = append(spec.Destinations, item)
		}
		place := &v1alpha1.ApplicationDestination{Server: server(), Name: name(), Namespace: name()}
		c := Case{Op: "destination", Spec: spec, Place: place}
		cluster := &v1alpha1.Cluster{Server: place.Server, Name: place.Name}
		c.Permitted, _ = project(spec).IsDestinationPermitted(cluster, place.Namespace, nil)
		say(c)
	}
	for range count {
		spec := &v1alpha1.AppProjectSpec{
			ClusterResourceWhitelist: kinds(), ClusterResourceBlacklist: kinds(), NamespaceResourceBlacklist: kinds(),
		}
		if r.Intn(2) == 0 {
			spec.NamespaceResourceWhitelist = kinds()
		}
		c := Case{
			Op: "kind", Spec: spec, Group: pick("", "apps", "batch", "rbac.authorization.k8s.io", "networking.k8s.io"),
			Kind: pick("Deployment", "Secret", "ClusterRole", "ConfigMap", "Namespace", "Job"), Cluster: r.Intn(2) == 0,
		}
		c.Permitted = project(spec).IsGroupKindPermitted(schema.GroupKind{Group: c.Group, Kind: c.Kind}, !c.Cluster)
		say(c)
	}
	for range count {
		spec := &v1alpha1.AppProjectSpec{SourceNamespaces: some(3, func() string {
			return pick(namePattern(), namePattern(), "/^team-[ab]$/", "/a/", "/(/", "/^$/")
		})}
		c := Case{Op: "namespace", Spec: spec, Namespace: pick("app", "team-a", "team-b", "prod", "argocd", "a")}
		app := &v1alpha1.Application{ObjectMeta: metav1.ObjectMeta{Namespace: c.Namespace}}
		c.Permitted = project(spec).IsAppNamespacePermitted(app, "argocd")
		say(c)
	}
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for range 2 * count {
		spec := &v1alpha1.AppProjectSpec{}
		for range 1 + r.Intn(3) {
			window := &v1alpha1.SyncWindow{
				Kind: pick("allow", "deny", "allow", "deny", "allow", "deny", "other"), Schedule: schedule(),
				Duration:   pick("1h", "90m", "24h", "168h", "720h", "30s", "1m", "0s", "1d", "8784h"),
				ManualSync: r.Intn(2) == 0, UseAndOperator: r.Intn(3) == 0,
				TimeZone: pick("", "UTC", "Asia/Kolkata", "Asia/Tokyo", "No/Where"),
			}
			if window.Kind == "other" {
				window.Schedule, window.Duration = "* * * * *", "1h"
			}
			if r.Intn(2) == 0 {
				window.Applications = some(2, namePattern)
			}
			if r.Intn(2) == 0 {
				window.Namespaces = some(2, namePattern)
			}
			if r.Intn(2) == 0 {
				window.Clusters = some(2, func() string { return pick(serverPattern(), namePattern()) })
			}
			spec.SyncWindows = append(spec.SyncWindows, window)
		}
		now := start.Add(time.Duration(r.Intn(3*365*24*60)) * time.Minute).Add(time.Duration(r.Intn(3)) * 700 * time.Millisecond)
		c := Case{
			Op: "window", Spec: spec, Name: name(), Time: now.Format(time.RFC3339Nano), Manual: r.Intn(2) == 0,
			Place: &v1alpha1.ApplicationDestination{Server: server(), Name: name(), Namespace: name()},
		}
		app := &v1alpha1.Application{ObjectMeta: metav1.ObjectMeta{Name: c.Name}, Spec: v1alpha1.ApplicationSpec{Destination: *c.Place}}
		permitted, err := v1alpha1.OracleCanSync(spec.SyncWindows.Matches(app), c.Manual, now)
		c.Permitted, c.Error = permitted, err != nil
		say(c)
	}
}
