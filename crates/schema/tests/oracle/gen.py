import random,json,copy
R=random.Random(7)
def ch(*a): return R.choice(a)
def maybe(d,k,f,p=0.5):
    if R.random()<p: d[k]=f()
def env(): return [dict([('name',n)]+([('value',ch('1','2'))] if R.random()<.8 else [('valueFrom',{'fieldRef':{'fieldPath':ch('a','b')}})])) for n in R.sample('ABCD',R.randint(0,3))]
def ports(): return [dict([('containerPort',n)]+([('protocol',ch('TCP','UDP'))] if R.random()<.4 else [])+([('name','p%d'%n)] if R.random()<.4 else [])) for n in R.sample([80,81,443],R.randint(0,3))]
def container(n):
    c={'name':n}
    maybe(c,'image',lambda:ch('i:1','i:2'),.9); maybe(c,'env',env); maybe(c,'ports',ports); maybe(c,'args',lambda:R.sample(['a','b','c'],R.randint(0,3)),.3)
    maybe(c,'resources',lambda:{'limits':{'cpu':ch('1','2')}},.4); maybe(c,'volumeMounts',lambda:[{'name':ch('v','w'),'mountPath':p} for p in R.sample(['/a','/b','/c'],R.randint(0,3))],.4)
    maybe(c,'livenessProbe',lambda:ch({'httpGet':{'port':80}},{'tcpSocket':{'port':1}}),.3)
    return c
def volume(n): return dict([('name',n),ch(('emptyDir',{}),('configMap',{'name':ch('a','b')}),('secret',{'secretName':'s'}))])
def spec():
    s={'containers':[container(n) for n in R.sample(['a','b','c','d'],R.randint(1,3))]}
    maybe(s,'volumes',lambda:[volume(n) for n in R.sample('vwx',R.randint(0,3))]); maybe(s,'nodeSelector',lambda:{k:ch('1','2') for k in R.sample('abc',R.randint(0,2))})
    maybe(s,'tolerations',lambda:[{'key':k} for k in R.sample('abc',R.randint(0,2))],.4); maybe(s,'imagePullSecrets',lambda:[{'name':k} for k in R.sample('abc',R.randint(0,3))],.4)
    maybe(s,'hostAliases',lambda:[{'ip':k,'hostnames':['h'+ch('1','2')]} for k in R.sample(['1.1.1.1','2.2.2.2'],R.randint(0,2))],.3)
    maybe(s,'securityContext',lambda:{'runAsUser':ch(1,2)},.4); maybe(s,'restartPolicy',lambda:ch('Always','Never'),.3)
    return s
def meta():
    m={'name':'n'}; maybe(m,'labels',lambda:{k:ch('1','2') for k in R.sample('abc',R.randint(0,3))}); maybe(m,'finalizers',lambda:R.sample(['x/a','x/b','x/c'],R.randint(0,3)))
    maybe(m,'ownerReferences',lambda:[{'uid':u,'name':ch('o','p')} for u in R.sample('123',R.randint(0,2))],.3); maybe(m,'annotations',lambda:{'a':ch('1','2')},.3)
    return m
def deployment():
    d={'apiVersion':'apps/v1','kind':'Deployment','metadata':meta(),'spec':{'template':{'metadata':meta(),'spec':spec()}}}
    maybe(d['spec'],'replicas',lambda:R.randint(0,3)); maybe(d['spec'],'strategy',lambda:ch({'type':'Recreate'},{'type':'RollingUpdate','rollingUpdate':{'maxSurge':ch(1,'25%')}},{}),.6); maybe(d,'status',lambda:{'replicas':1},.2)
    return d
def service():
    d={'apiVersion':'v1','kind':'Service','metadata':meta(),'spec':{'ports':[dict([('port',n)]+([('name','p%d'%n)] if R.random()<.5 else [])+([('targetPort',ch(1,'x'))] if R.random()<.5 else [])) for n in R.sample([80,81,82],R.randint(0,3))]}}
    maybe(d['spec'],'selector',lambda:{k:ch('1','2') for k in R.sample('abc',R.randint(0,2))}); maybe(d['spec'],'externalIPs',lambda:R.sample(['1.1.1.1','2.2.2.2'],R.randint(0,2)))
    return d
def mutate(o):
    o=copy.deepcopy(o)
    other=service() if o['kind']=='Service' else deployment()
    def mix(a,b):
        for k in list(a):
            if k in('apiVersion','kind','name'): continue
            r=R.random()
            if r<.15: del a[k]
            elif k in b and isinstance(a[k],dict) and isinstance(b[k],dict): mix(a[k],b[k])
            elif k in b and isinstance(a[k],list) and a[k] and isinstance(a[k][0],dict) and r<.75:
                for x in a[k]:
                    for y in b[k]:
                        if y and list(y.items())[0]==list(x.items())[0]: mix(x,y)
                if R.random()<.3: R.shuffle(a[k])
                if R.random()<.3:
                    have={list(x.values())[0] for x in a[k]}
                    a[k]+= [y for y in b[k] if list(y.values())[0] not in have]
            elif k in b and r<.6: a[k]=b[k]
        for k in b:
            if k not in a and R.random()<.3: a[k]=b[k]
    mix(o,other); return o
for i in range(160):
    o=service() if i%4==0 else deployment()
    m=mutate(o); c=mutate(o) if R.random()<.8 else copy.deepcopy(o)
    print(json.dumps({'kind':o['kind'],'original':o,'modified':m,'current':c}))
base={'apiVersion':'v1','kind':'Pod','metadata':{'name':'n','finalizers':['a','b','c'],'labels':{'a':'b'}},'spec':{'containers':[{'name':'a','image':'i:1','ports':[{'containerPort':80}]},{'name':'b','image':'i:2'},{'name':'c'}],'volumes':[{'name':'v','emptyDir':{}},{'name':'w','secret':{'secretName':'s'}}],'nodeSelector':{'a':'b'},'tolerations':[{'key':'x'}]}}
P=[{'spec':{'containers':[{'name':'b','$patch':'delete'}]}},{'spec':{'containers':[{'$patch':'replace'},{'name':'z'}]}},{'spec':{'$patch':'replace','containers':[{'name':'z'}]}},{'metadata':{'labels':{'$patch':'delete'}}},{'metadata':{'$deleteFromPrimitiveList/finalizers':['b']}},{'metadata':{'$deleteFromPrimitiveList/finalizers':['b'],'finalizers':['z'],'$setElementOrder/finalizers':['z','c','a']}},{'metadata':{'finalizers':['c','d','a']}},{'spec':{'$setElementOrder/containers':[{'name':'c'},{'name':'a'},{'name':'b'}]}},{'spec':{'$setElementOrder/containers':[{'name':'c'},{'name':'x'},{'name':'a'}],'containers':[{'name':'x','image':'n'},{'name':'a','image':'m'}]}},{'spec':{'$setElementOrder/containers':[{'name':'a'},{'name':'x'}],'containers':[{'name':'x'},{'name':'a'}]}},{'spec':{'volumes':[{'name':'v','$retainKeys':['name','configMap'],'configMap':{'name':'c'},'emptyDir':None}]}},{'spec':{'volumes':[{'name':'v','$retainKeys':['name'],'configMap':{'name':'c'}}]}},{'spec':{'volumes':[{'name':'new','$retainKeys':['name','emptyDir'],'emptyDir':{}}]}},{'spec':{'containers':[{'image':'x'}]}},{'spec':{'containers':['x']}},{'spec':{'containers':'x'}},{'spec':{'containers':None}},{'spec':{'tolerations':[{'key':'y'}],'nodeSelector':{'a':None,'c':'d','e':None}}},{'spec':{'containers':[{'name':'a','ports':[{'containerPort':81},{'containerPort':80,'name':'x'}]}]}},{'spec':{'containers':[{'name':'a','ports':[{'containerPort':80,'$patch':'delete'}],'env':[{'name':'n','value':None}]}]}},{'spec':{'containers':[{'name':'q','$patch':'delete'},{'name':'new','env':[{'name':'x','$patch':'delete'}]}]}},{'$patch':'bad'},{'spec':{'$patch':'delete'}},{'metadata':{'$setElementOrder/finalizers':'x'}},{'metadata':{'$setElementOrder':['x']}},{'spec':{'containers':[{'name':'b','$patch':'merge'}]}},{'spec':{'containers':[{'name':'b','$patch':'odd'}]}},{'metadata':None},{'spec':{'initContainers':[{'name':'i','$patch':'delete'}]}},{'spec':{'initContainers':[{'name':'i','image':None}]}},{'metadata':{'labels':{'b':None}}},{'metadata':{'annotations':{'b':None,'c':'d'}}},{'spec':{'containers':[]}},{'spec':{'unknown':{'a':1}}}]
for p in P: print(json.dumps({'kind':'Pod','original':base,'patch':p}))
