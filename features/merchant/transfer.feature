@host-control @clock
Feature: Money from one account to another
  Whose account it is comes first, then the payer's word, then his money, and then the payee's. Whatever goes wrong between the two, the money is in the
  one account or in the other: never in both, and never in neither. What nobody knows is asked until it is known.

  Background:
    Given Alice has 500.00 CNY in the bank
    And Carol has 10.00 CNY in the bank

  @MER-100
  Scenario: The payer sees the name, confirms, and the payee has the money
    Given Alice asks to send 100.00 CNY to Carol
    And the transfer goes to "C****"
    When the transfer is confirmed
    Then the transfer is done
    And Alice has 400.00 CNY left in the bank
    And Carol has 110.00 CNY left in the bank

  @MER-101
  Scenario: To an account that nobody has nothing is sent
    When Alice asks to send 100.00 CNY to an account that nobody has
    Then the office says A3
    And Alice has 500.00 CNY left in the bank

  @MER-102
  Scenario: Without the payer's code nothing is sent
    Given Alice asks to send 100.00 CNY to Carol
    When the transfer is confirmed with a wrong code
    Then the office says CODE_WRONG
    And the transfer is refused
    And Alice has 500.00 CNY left in the bank

  @MER-102
  Scenario: A name that was asked for long ago is asked for again
    Given Alice asks to send 100.00 CNY to Carol
    And 6 minutes pass
    When the transfer is confirmed
    Then the office says CODE_EXPIRED
    And Alice has 500.00 CNY left in the bank

  @MER-103
  Scenario: What is confirmed twice is sent once
    Given Alice asks to send 100.00 CNY to Carol
    And the transfer is confirmed
    When the transfer is confirmed
    Then the office says TRANSFER_REPEATED
    And Alice has 400.00 CNY left in the bank
    And Carol has 110.00 CNY left in the bank

  @MER-104
  Scenario: Who has too little sends nothing
    Given Alice asks to send 500.01 CNY to Carol
    When the transfer is confirmed
    Then the transfer is refused
    And Alice has 500.00 CNY left in the bank
    And Carol has 10.00 CNY left in the bank

  @MER-104
  Scenario: What the payee's bank refuses comes back
    Given the account of Carol takes nothing
    And Alice asks to send 100.00 CNY to Carol
    When the transfer is confirmed
    Then the transfer is returned
    And Alice has 500.00 CNY left in the bank
    And Carol has 10.00 CNY left in the bank

  @MER-105
  Scenario: Nobody knows whether the payee has it: the bank is asked, and he has it once
    Given the account of Carol is credited without a word
    And Alice asks to send 100.00 CNY to Carol
    And the transfer is confirmed
    And 2 hours pass
    And the transfer is crediting
    And the account of Carol is well again
    When 1 hour passes
    Then the transfer is done
    And Alice has 400.00 CNY left in the bank
    And Carol has 110.00 CNY left in the bank

  @MER-105
  Scenario: Nobody knows whether the payer was debited: the bank is asked, and he was once
    Given the account of Alice is credited without a word
    And Alice asks to send 100.00 CNY to Carol
    And the transfer is confirmed
    And the transfer is debiting
    And 2 hours pass
    And the account of Alice is well again
    When 1 hour passes
    Then the transfer is done
    And Alice has 400.00 CNY left in the bank
    And Carol has 110.00 CNY left in the bank

  @MER-106
  Scenario: A card is repaid from the bank, and has it on the next working day
    Given Bob has 300.00 CNY in the bank
    And Bob asks to repay 200.00 CNY on the card of Bob
    When the transfer is confirmed
    Then the transfer is crediting
    And Bob has 100.00 CNY left in the bank
    And the card of Bob was repaid 0.00 CNY

  @MER-106
  Scenario: ... and then it has
    Given Bob has 300.00 CNY in the bank
    And Bob asks to repay 200.00 CNY on the card of Bob
    And the transfer is confirmed
    When 24 hours pass
    Then the transfer is done
    And the card of Bob was repaid 200.00 CNY

  @MER-107
  Scenario: Nobody repays the card of another
    When Alice asks to repay 100.00 CNY on the card of Bob
    Then the office says NOT_OWN_NAME
    And Alice has 500.00 CNY left in the bank

  @MER-107
  Scenario: What is no credit card is not repaid
    When Carol asks to repay 5.00 CNY on the card of Carol
    Then the office says A3
    And Carol has 10.00 CNY left in the bank

  @MER-108
  Scenario: A balance is topped up
    Given Alice asks to top "Noodle House" up by 100.00 CNY
    When the transfer is confirmed
    Then the transfer is done
    And Alice has 400.00 CNY left in the bank
    And the statement of "Noodle House" for today has
      | what   | amount     | fee      | net        |
      | top-up | 100.00 CNY | 0.00 CNY | 100.00 CNY |

  @MER-108
  Scenario: A merchant pays another by his code
    Given Alice asks to top "Noodle House" up by 100.00 CNY
    And the transfer is confirmed
    And "Noodle House" scans the code of "Tea House" to pay 30.00 CNY
    And the transfer goes to "Tea House"
    When the transfer is confirmed
    Then the transfer is done
    And the office owes "Noodle House" 70.00 CNY
    And the office owes "Tea House" 30.00 CNY

  @MER-101
  Scenario: A code that was read wrongly is nobody's
    When "Noodle House" scans the code of "Tea House" with a damaged line to pay 30.00 CNY
    Then the office says A3

  @MER-108
  Scenario: A balance sends no more than it has
    Given Alice asks to top "Noodle House" up by 20.00 CNY
    And the transfer is confirmed
    When "Noodle House" scans the code of "Tea House" to pay 20.01 CNY
    Then the office says NO_FUNDS
    And the office owes "Noodle House" 20.00 CNY

  @MER-108
  Scenario: A merchant withdraws what he is owed
    Given "Corner Shop" sells with "T5"
    And Bob has paid 100.00 CNY at "T5"
    And "Corner Shop" asks to withdraw 30.00 CNY
    When the transfer is confirmed
    Then the transfer is done
    And the office owes "Corner Shop" 10.62 CNY
