Feature: Subscriptions
  The shop charges a card that it was once allowed to charge. Nobody stands at the till, and nobody enters a PIN.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @REC-001 @host-control
  Scenario: A subscription is charged without the cardholder
    When the shop charges Alice's subscription of 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And these messages went over the wire
      | from | message          | trace | code | condition | entry_mode | pin |
      | T1   | recurring        | 2     |      | 28        | 012        |     |
      | host | recurring answer | 2     | 00   | 28        |            |     |
    And Alice's card holds 990.00 CNY
    And "Noodle House" is owed 10.00 CNY

  @REC-002 @host-control
  Scenario: A charge is voided
    When the shop charges Alice's subscription of 10.00 CNY at "T1"
    And Alice has the 1st recurring voided at "T1"
    Then "T1" shows APPROVED
    And these messages went over the wire
      | from | message               | trace | code | condition |
      | T1   | recurring             | 2     |      | 28        |
      | host | recurring answer      | 2     | 00   | 28        |
      | T1   | recurring-void        | 3     |      | 28        |
      | host | recurring-void answer | 3     | 00   | 28        |
    And Alice's card holds 1000.00 CNY
    And "Noodle House" is owed 0.00 CNY

  @REC-002 @host-control
  Scenario: A charge is refunded in part
    When the shop charges Alice's subscription of 10.00 CNY at "T1"
    And Alice has 4.00 CNY of the 1st recurring refunded at "T1"
    Then "T1" shows APPROVED
    And Alice's card holds 994.00 CNY
    And "Noodle House" is owed 6.00 CNY

  @REC-002 @host-control
  Scenario: The void of a counter sale does not take a charge back
    Given the shop charges Alice's subscription of 10.00 CNY at "T1"
    When "T1" is made to send a void of the 1st recurring
    Then the answer to the 1st void carries
      | field | value |
      | code  | 25    |
    And Alice's card holds 990.00 CNY
