Feature: Orders by mail and telephone
  The card is far away: its number is typed, nobody enters a PIN, and everything that follows stays in its own family of messages.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @MOT-001 @host-control
  Scenario: An order by telephone takes the money without card and PIN
    When Alice orders for 10.00 CNY at "T1" by telephone
    Then "T1" shows APPROVED
    And "T1" prints 2 receipts
    And these messages went over the wire
      | from | message          | trace | code | condition | entry_mode | track_2 | pin |
      | T1   | moto-sale        | 2     |      | 08        | 012        |         |     |
      | host | moto-sale answer | 2     | 00   | 08        |            |         |     |
    And Alice's card holds 990.00 CNY
    And "Noodle House" is owed 10.00 CNY

  @MOT-002 @host-control
  Scenario: It is voided
    When Alice orders for 10.00 CNY at "T1" by telephone
    And Alice has the 1st moto-sale voided at "T1"
    Then "T1" shows APPROVED
    And these messages went over the wire
      | from | message          | trace | code | condition |
      | T1   | moto-sale        | 2     |      | 08        |
      | host | moto-sale answer | 2     | 00   | 08        |
      | T1   | moto-void        | 3     |      | 08        |
      | host | moto-void answer | 3     | 00   | 08        |
    And Alice's card holds 1000.00 CNY
    And "Noodle House" is owed 0.00 CNY

  @MOT-002 @host-control
  Scenario: It is refunded in part
    When Alice orders for 10.00 CNY at "T1" by telephone
    And Alice has 3.00 CNY of the 1st moto-sale refunded at "T1"
    Then "T1" shows APPROVED
    And Alice's card holds 993.00 CNY
    And "Noodle House" is owed 7.00 CNY

  @MOT-002 @host-control
  Scenario: The void of a counter sale does not take it back
    Given Alice orders for 10.00 CNY at "T1" by telephone
    When "T1" is made to send a void of the 1st moto-sale
    Then the answer to the 1st void carries
      | field | value |
      | code  | 25    |
    And Alice's card holds 990.00 CNY

  @MOT-003 @host-control
  Scenario: A room is held by telephone and given back
    When Alice leaves a deposit of 300.00 CNY at "T1" by telephone
    And Alice has the 1st moto-pre-auth voided at "T1"
    Then "T1" shows APPROVED
    And Alice's card holds 1000.00 CNY
    And "Noodle House" is owed 0.00 CNY

  @MOT-003 @host-control
  Scenario: A room is held by telephone and moves no money
    When Alice leaves a deposit of 300.00 CNY at "T1" by telephone
    Then "T1" shows APPROVED
    And the 1st moto-pre-auth carries
      | field     | value |
      | condition | 18    |
    And Alice's card holds 700.00 CNY
    And "Noodle House" is owed 0.00 CNY

  @MOT-003 @host-control
  Scenario: A room that was held by telephone is paid on request
    When Alice leaves a deposit of 300.00 CNY at "T1" by telephone
    And Alice has the 1st moto-pre-auth completed with 280.00 CNY at "T1"
    Then "T1" shows APPROVED
    And Alice's card holds 720.00 CNY
    And "Noodle House" is owed 280.00 CNY

  @MOT-003 @host-control
  Scenario: A room that was held by telephone is paid by advice
    When Alice leaves a deposit of 300.00 CNY at "T1" by telephone
    And Alice has the 1st moto-pre-auth completed with 280.00 CNY at "T1" by advice
    Then "T1" shows APPROVED
    And Alice's card holds 720.00 CNY
    And "Noodle House" is owed 280.00 CNY

  @MOT-003 @host-control
  Scenario: That payment is taken back, and the room is held again
    When Alice leaves a deposit of 300.00 CNY at "T1" by telephone
    And Alice has the 1st moto-pre-auth completed with 280.00 CNY at "T1"
    And Alice has the 1st moto-completion voided at "T1"
    Then "T1" shows APPROVED
    And Alice's card holds 700.00 CNY
    And "Noodle House" is owed 0.00 CNY
