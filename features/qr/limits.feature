Feature: What a phone's code may pay
  How much depends on how surely the wallet knows who holds it, and over a thousand yuan the till asks for the PIN as it does of a card.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @QRP-011 @host-control
  Scenario: Five hundred yuan a day with a wallet that has seen no papers
    When Lena shows her phone for 300.00 CNY at "T1"
    And Lena shows her phone for 200.00 CNY at "T1"
    And Lena shows her phone for 0.01 CNY at "T1"
    Then "T1" shows APPROVED
    And "T1" shows AMOUNT_LIMIT
    And the answer to the 3rd sale carries
      | field | value |
      | code  | 61    |
    And Lena's card holds 500.00 CNY

  @QRP-011 @host-control
  Scenario: What the card has paid is not the phone's
    Given Lena has paid 400.00 CNY at "T1"
    When Lena shows her phone for 500.00 CNY at "T1"
    Then "T1" shows APPROVED
    And Lena's card holds 100.00 CNY

  @QRP-011 @host-control @clock
  Scenario: Another day, another five hundred
    When Lena shows her phone for 500.00 CNY at "T1"
    And 24 hours pass
    And operator "01" logs in at "T1"
    And Lena shows her phone for 500.00 CNY at "T1"
    Then "T1" shows APPROVED
    And Lena's card holds 0.00 CNY

  @QRP-012 @host-control
  Scenario Outline: A code for <amount>
    When Bob shows his phone for <amount> CNY at "T1"
    Then "T1" shows APPROVED
    And the 1st sale carries
      | field            | value     |
      | entry_mode       | <mode>    |
      | security_control | <control> |
    And the 1st sale carries the code of Bob's phone and no card
    And Bob's card holds <left> CNY

    Examples:
      | amount  | mode | control          | left    |
      | 1000.00 | 032  |                  | 4000.00 |
      | 1000.01 | 031  | 1600000000000000 | 3999.99 |

  @QRP-012 @host-control
  Scenario: A wrong PIN beside a code is one try, and the same code pays with the right one
    When Bob shows his phone for 1500.00 CNY at "T1" and enters a wrong PIN, then the right one
    Then "T1" shows WRONG_PIN
    And "T1" shows APPROVED
    And the 2nd sale carries the code of Bob's phone and no card
    And Bob's card holds 3500.00 CNY

  @QRP-012 @host-control
  Scenario: Whoever only has the phone gets no further
    When Bob shows his phone for 1500.00 CNY at "T1" and enters a wrong PIN
    Then "T1" shows WRONG_PIN
    And "T1" shows CANCELLED
    And Bob's card holds 5000.00 CNY

  @QRP-018 @host-control
  Scenario: No part of it is approved
    Given Alice's debit card holds 30.00 CNY
    And "T1" can take a part of a sale
    When Alice shows her phone for 50.00 CNY at "T1"
    Then "T1" shows INSUFFICIENT_FUNDS
    And "T1" does not show PARTIAL_APPROVAL
    And Alice's card holds 30.00 CNY

  @QRP-017 @host-control
  Scenario: The waiter gets no tip on the phone's bill
    Given Alice shows her phone for 10.00 CNY at "T1"
    When Alice adds a tip of 1.00 CNY to the 1st sale at "T1"
    Then "T1" shows NO_TIPS_BY_CODE
    And no message went to the host
    And Alice's card holds 990.00 CNY
