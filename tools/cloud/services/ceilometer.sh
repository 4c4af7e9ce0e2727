# shellcheck shell=bash
# Ceilometer's notification agent: events only (no meters), republished to Aodh's topic, and to topic "functions".

service ceilometer needs "keystone rabbitmq" packages "ceilometer-agent-notification python3-yaml" \
  daemons "ceilometer-notification"

ceilometer_configure() {
  mkdir -p "$ETC/ceilometer" "$RUN/ceilometer"
  chown ceilometer: "$RUN/ceilometer"
  put "$ETC/ceilometer/ceilometer.conf" ceilometer <<E
[DEFAULT]
transport_url = $TRANSPORT_URL
event_pipeline_cfg_file = $ETC/ceilometer/event_pipeline.yaml
# 64 threads by default, which look for work all the time
executor_thread_pool_size = 4
[notification]
pipelines = event
[event]
definitions_cfg_file = $ETC/ceilometer/event_definitions.yaml
drop_unmatched_notifications = false
[oslo_concurrency]
lock_path = $RUN/ceilometer
[service_credentials]
$(keystone_options ceilometer)
interface = public
E
  put "$ETC/ceilometer/event_pipeline.yaml" <<'E'
sources:
  - name: events
    events: ["*"]
    sinks: [events]
sinks:
  - name: events
    # the second is what a notification trigger may listen to
    publishers: ["notifier://?topic=alarm.all", "notifier://?topic=functions"]
E
}

# Of several definitions that match an event the last is used, and as shipped a later
# "*http.*" hides the one for Swift, so that no alarm can match a container or object.
# It goes last here; Aodh finds an event's alarms by the trait project_id, which it lacks.
ceilometer_definitions() {
  /usr/bin/python3 - /usr/lib/python3/dist-packages/ceilometer/pipeline/data/event_definitions.yaml <<'E'
import sys, yaml
definitions = yaml.safe_load(open(sys.argv[1]))
definitions.sort(key=lambda d: d['event_type'] == 'objectstore.http.request')
definitions[-1]['traits'].update(project_id={'fields': 'payload.initiator.project_id'},
                                 user_id={'fields': 'payload.initiator.id'})
print(yaml.safe_dump(definitions, sort_keys=False))
E
}

ceilometer_up() {
  ceilometer_configure
  ceilometer_definitions | put "$ETC/ceilometer/event_definitions.yaml"
  start ceilometer-notification ceilometer ceilometer-agent-notification --config-file "$ETC/ceilometer/ceilometer.conf"
  wait_until 180 ceilometer-notification rabbitmq_consumed notifications.info
}
