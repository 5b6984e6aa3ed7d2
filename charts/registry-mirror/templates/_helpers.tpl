{{- define "operator.name" -}}
{{ .Release.Name | trunc 44 | trimSuffix "-" }}-operator
{{- end }}

{{/* Labels that select; they never change. */}}
{{- define "operator.selector" -}}
app.kubernetes.io/name: registry-mirror-operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "operator.labels" -}}
{{ include "operator.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{/* An image's name: of .image, whose digest wins over its tag. */}}
{{- define "operator.image" -}}
{{- if .image.digest -}}
{{ .image.repository }}@{{ .image.digest }}
{{- else -}}
{{ .image.repository }}:{{ .image.tag | default .root.Chart.AppVersion }}
{{- end -}}
{{- end }}

{{/* The watched namespaces, separated by commas. */}}
{{- define "operator.namespaces" -}}
{{ .Values.watchNamespaces | default (list .Release.Namespace) | uniq | join "," }}
{{- end }}

{{/* What the operator is told, also when it uninstalls. */}}
{{- define "operator.container" -}}
image: {{ include "operator.image" (dict "image" .Values.image "root" .) | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
env:
  - name: AGENT_IMAGE
    value: {{ include "operator.image" (dict "image" .Values.agentImage "root" .) | quote }}
  - name: OPERATOR_NAMESPACE
    valueFrom:
      fieldRef:
        fieldPath: metadata.namespace
  - name: WATCH_NAMESPACES
    value: {{ include "operator.namespaces" . | quote }}
  - name: PORT
    value: "8080"
  # Also with one replica: while it is replaced there are two.
  - name: LEADER_ELECTION
    value: "true"
  - name: LOG_LEVEL
    value: {{ .Values.logLevel | quote }}
resources:
  {{- toYaml .Values.resources | nindent 2 }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end }}

{{- define "uninstall.labels" -}}
app.kubernetes.io/name: registry-mirror-uninstall
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{/* Of what is there only while .root is uninstalled, in the order of .weight. */}}
{{- define "uninstall.metadata" -}}
labels:
  {{- include "uninstall.labels" .root | nindent 2 }}
annotations:
  helm.sh/hook: pre-delete
  helm.sh/hook-weight: {{ .weight | quote }}
  helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end }}

{{/* Where a pod of the operator's image runs, as whom, and how its image comes there. */}}
{{- define "operator.pod" -}}
enableServiceLinks: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  seccompProfile:
    type: RuntimeDefault
nodeSelector:
  {{- merge (dict "kubernetes.io/os" "linux") .Values.nodeSelector | toYaml | nindent 2 }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
