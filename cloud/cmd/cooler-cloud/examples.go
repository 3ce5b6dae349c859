package main

// examples are what --help shows of the commands that have none beside them.
var examples = map[string]string{
	"serve": `  cooler-cloud serve                                   # for this machine alone: open http://127.0.0.1:8080/
  cooler-cloud serve --config /etc/coldshelf/cloud.yml  # as firmware-config/cloud/cloud.yml begins it`,
	"doctor": `  cooler-cloud doctor --config cloud.yml
  cooler-cloud doctor --json | jq '.checks[] | select(.ok | not)'`,
	"simulate": `  cooler-cloud simulate --devices 3                        # until Ctrl-C, a look each ten seconds
  cooler-cloud simulate --devices 1000 --looks 20 --every 0 --broker mqtt://127.0.0.1:1883
  cooler-cloud simulate --broker mqtts://broker.example --ca ca.pem --username fleet --password-file password
  cooler-cloud simulate --print-planogram > planograms/simulated.yml`,
	"rules explain": `  cooler-cloud rules explain --device cooler-7
  cooler-cloud rules explain rules.yml --device cooler-7 --type stockout`,
	"bundle trust": `  cooler-cloud bundle trust keys/1.root.json`,
	"bundle add":   `  cooler-cloud bundle add drinks.bundle`,
	"user add":     `  cooler-cloud user add --email li@example.com --name "Li Wei" --role manager --config cloud.yml`,
	"user link":    `  cooler-cloud user link li@example.com --config cloud.yml`,
	"token create": `  cooler-cloud token create --name till-gateway --role integration --config cloud.yml > token`,
	"enrol": `  cooler-cloud enrol --store s1 --device cooler-7 --config cloud.yml
  cooler-cloud enrol --device cooler-7 --revoke --config cloud.yml`,
	"backup":   `  cooler-cloud backup /backup/coldshelf-$(date +%F).tgz --config cloud.yml`,
	"restore":  `  cooler-cloud restore /backup/coldshelf-2026-11-30.tgz --data /var/lib/coldshelf`,
	"restored": `  cooler-cloud restored --config cloud.yml`,
	"tail": `  cooler-cloud tail --type stockout,cold_chain --store s1
  cooler-cloud tail --json --cursor place.txt --token-file token | jq .data`,
	"rules check": `  cooler-cloud rules check rules.yml`,
	"rules test":  `  cooler-cloud rules test rules.yml --since 7d --config cloud.yml`,
	"sales import": `  cooler-cloud sales import day.csv --mapping till.yml --dry-run
  cooler-cloud sales import day.csv --mapping till.yml --token-file token`,
	"sales masters": `  cooler-cloud sales masters masters.yml --token-file token
  cooler-cloud sales masters products.csv --currency CNY --encoding gbk --dry-run`,
	"sales channel": `  cooler-cloud sales channel shop shop.yml --token-file token`,
	"sales replay":  `  cooler-cloud sales replay --channel meituan --token-file token`,
	"sales parked":  `  cooler-cloud sales parked --token-file token`,
	"desired show": `  cooler-cloud desired show
  cooler-cloud desired show cooler-7`,
	"quarantine list":   `  cooler-cloud quarantine list --config cloud.yml`,
	"quarantine replay": `  cooler-cloud quarantine replay 17 --config cloud.yml`,
}
