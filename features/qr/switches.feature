Feature: How a payer's code is written
  Older terminals write the length of what stands in F59 with two digits, newer ones with three.

  @QRP-025 @host-control
  Scenario Outline: <digits> digits of length
    Given the host and its tills agree that "device_length" is "<digits>"
    And till "T1" of "Noodle House" has signed in
    When Alice shows her phone for 10.00 CNY at "T1"
    And Alice has the 1st sale voided at "T1"
    Then "T1" shows APPROVED
    And the 1st sale carries the code of Alice's phone and no card
    And the 1st void carries the code of Alice's phone and no card
    And Alice's card holds 1000.00 CNY

    Examples:
      | digits |
      | 2      |
      | 3      |
