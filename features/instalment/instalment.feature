Feature: Paying in instalments
  The cardholder says in how many parts he will pay; the merchant gets all of it at once, and what was agreed stands on the slip.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @INS-001 @host-control
  Scenario: The plan is asked for, sent and printed
    When Bob pays 600.00 CNY at "T1" in 6 instalments
    Then "T1" shows ENTER_INSTALMENTS
    And "T1" shows APPROVED
    And the 1st instalment carries
      | field           | value        |
      | condition       | 64           |
      | amount          | 000000060000 |
      | instalment_plan | *            |
    And the customer copy of "T1" has
      | line             | value      |
      | SLIP_AMOUNT      | 600.00 CNY |
      | SLIP_INSTALMENTS | 6          |
    And Bob's card holds 4400.00 CNY
    And "Noodle House" is owed 600.00 CNY

  @INS-001
  Scenario: What the merchant does not offer is asked for again
    When Bob pays 600.00 CNY at "T1" in 5 instalments
    Then "T1" shows ENTER_INSTALMENTS
    And no message went to the host

  @INS-002 @host-control
  Scenario: A void takes all of it back, and names the plan
    When Bob pays 600.00 CNY at "T1" in 12 instalments
    And Bob has the 1st instalment voided at "T1"
    Then "T1" shows APPROVED
    And these messages went over the wire
      | from | message                | trace | code | condition | instalment_plan |
      | T1   | instalment             | 2     |      | 64        | *               |
      | host | instalment answer      | 2     | 00   | 64        | *               |
      | T1   | instalment-void        | 3     |      | 64        | *               |
      | host | instalment-void answer | 3     | 00   | 64        |                 |
    And the customer copy of "T1" has
      | line             | value |
      | SLIP_INSTALMENTS | 12    |
    And Bob's card holds 5000.00 CNY
    And "Noodle House" is owed 0.00 CNY

  @INS-003 @host-control
  Scenario: A part of it is not refunded
    When Bob pays 600.00 CNY at "T1" in 3 instalments
    And Bob has 100.00 CNY of the 1st instalment refunded at "T1"
    Then "T1" shows APPROVED
    And "T1" shows INVALID_TRANSACTION
    And the answer to the 1st refund carries
      | field | value |
      | code  | 12    |
    And Bob's card holds 4400.00 CNY
    And "Noodle House" is owed 600.00 CNY

  @INS-004 @host-control
  Scenario: The host knows the contract too
    Given Bob pays 600.00 CNY at "T1" in 6 instalments
    When "T1" is made to send an instalment with instalment_plan "05"
    Then the answer to the 2nd instalment carries
      | field | value |
      | code  | 12    |
    And Bob's card holds 4400.00 CNY
    And "Noodle House" is owed 600.00 CNY
