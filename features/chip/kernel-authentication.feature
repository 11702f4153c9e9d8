Feature: A till authenticates a chip by itself
  The card's certificates and signatures tell a till, without any host, that the card is no copy. What it finds out, the issuer hears.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @KRN-005 @host-control
  Scenario: The issuer hears that what the card says is not what was signed
    Given Carol's chip spoils "9F07" at "READ RECORD"
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the terminal verification results of the 1st sale say "CDA failed; online PIN entered; amount over the floor limit"

  @KRN-005 @KRN-006 @KRN-010 @host-control
  Scenario: The strongest method that both know is used
    Given Carol's chip holds
      | tag | value |
      | 82  | 7D00  |
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And Carol's chip was given "INTERNAL AUTHENTICATE" 0 times
    And the terminal verification results of the 1st sale say "online PIN entered; amount over the floor limit"
    And the transaction status at "T1" says "offline data authentication performed; cardholder verification performed; card risk management performed; issuer authentication performed; terminal risk management performed"

  @KRN-006 @host-control
  Scenario: A till without CDA has the card sign a number
    Given Carol's chip holds
      | tag | value |
      | 82  | 7D00  |
    And the chip parameters of "T1" say
      | tag  | value  |
      | 9F33 | E0F8C0 |
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And Carol's chip was given "INTERNAL AUTHENTICATE" 1 time
    And the terminal verification results of the 1st sale say "online PIN entered; amount over the floor limit"

  @KRN-005 @KRN-010 @host-control
  Scenario: A till that knows SDA only checks what the issuer signed
    Given Carol's chip holds
      | tag | value |
      | 82  | 7D00  |
    And the chip parameters of "T1" say
      | tag  | value  |
      | 9F33 | E0F880 |
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the terminal verification results of the 1st sale say "SDA selected; online PIN entered; amount over the floor limit"

  @KRN-007 @host-control
  Scenario: A cryptogram that the card has not signed itself goes nowhere
    Given Carol's chip spoils "9F4B" at "GENERATE AC"
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows DECLINED_OFFLINE
    And the terminal verification results at "T1" say "CDA failed; online PIN entered; amount over the floor limit"
    And Carol's card holds 1000.00 CNY

  @KRN-008 @host-control
  Scenario: A revoked issuer certificate proves nothing
    Given "T1" has the issuer certificate of Carol's chip as revoked
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the terminal verification results of the 1st sale say "CDA failed; online PIN entered; amount over the floor limit"

  @KRN-009 @host-control
  Scenario: A certificate proves nothing after its last month
    Given the certificates of Carol's chip end in "2510"
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the terminal verification results of the 1st sale say "CDA failed; online PIN entered; amount over the floor limit"

  @KRN-039 @host-control
  Scenario: The issuer hears that a card lacks its certificate
    Given Carol's chip lacks "9F46" at "READ RECORD"
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the terminal verification results of the 1st sale say "card data missing; CDA failed; online PIN entered; amount over the floor limit"

  @KRN-040 @host-control
  Scenario: A card that does not say what it signs is given the till's own list
    Given Carol's chip holds
      | tag  | value |
      | 9F49 |       |
    And the chip parameters of "T1" say
      | tag  | value  |
      | 9F33 | E0F8C0 |
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And Carol's chip was given "INTERNAL AUTHENTICATE" 1 time
    And the terminal verification results of the 1st sale say "online PIN entered; amount over the floor limit"

  @KRN-054 @host-control
  Scenario: Nobody knows before which number the card will be given
    Given Carol inserts her card for 10.00 CNY at "T1"
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the 1st sale and the 2nd sale differ in chip tag "9F37"

  @KRN-007 @host-control
  Scenario: The last cryptogram is the card's own, or nothing is paid
    Given Carol's chip spoils "9F4B" at the 2nd "GENERATE AC"
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows CARD_DECLINES
    And "T1" has the 1st sale as reversed
    And Carol's card holds 1000.00 CNY

  @KRN-005 @host-control
  Scenario: The issuer hears that the card's own signature is wrong
    Given Carol's chip spoils "80" at "INTERNAL AUTHENTICATE"
    And the chip parameters of "T1" say
      | tag  | value  |
      | 9F33 | E0F8C0 |
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the terminal verification results of the 1st sale say "DDA failed; online PIN entered; amount over the floor limit"

  @KRN-005 @host-control
  Scenario: The issuer hears that its own signature over the card's data is wrong
    Given Carol's card is of kind "unionpay-golden"
    And Carol's chip spoils "93" at "READ RECORD"
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the terminal verification results of the 1st sale say "SDA failed; SDA selected; online PIN entered; amount over the floor limit"
