package process_test

const hostVariable = "PELTON_TEST_HOST"

func host() {}
